package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// Limits on what comes from outside.
const (
	MaxLine  = 1 << 20  // octets of one NDJSON line, as DESIGN has it
	MaxAttrs = 64 << 10 // octets of an entity's attributes in canonical form: its row must fit a table's
	MaxDepth = 8        // of nested lists and objects in attributes
	MaxKind  = 63       // octets
	MaxID    = 200      // octets
	MaxFeed  = 100      // octets
	MaxList  = 128 << 20
	MaxYAML  = 16 << 20 // octets of a list in YAML: its parser takes some 50 times that in memory
	MaxItems = 1_000_000
)

// Key names an entity: "kind/id". Kinds have no slash, ids may.
func Key(kind, id string) string { return kind + "/" + id }

// SplitKey takes a Key apart; ok is false for the rows of feeds and others, which begin with "@".
func SplitKey(key string) (kind, id string, ok bool) {
	kind, id, ok = strings.Cut(key, "/")
	return kind, id, ok && !strings.HasPrefix(key, "@")
}

// checkKind wants a word of lower-case letters, digits, hyphens and underscores.
func checkKind(kind string) error {
	if kind == "" {
		return errors.New("kind is missing")
	}
	if len(kind) > MaxKind || strings.ContainsFunc(kind, func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	}) {
		return fmt.Errorf("bad kind %.80q: lower-case letters, digits, - and _, at most %d", kind, MaxKind)
	}
	return nil
}

// checkID wants printable ASCII without spaces.
func checkID(id string) error {
	if id == "" {
		return errors.New("id is missing")
	}
	if len(id) > MaxID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("bad id %.220q: printable ASCII without spaces, at most %d", id, MaxID)
	}
	return nil
}

// CheckFeed tests the name of a feed.
func CheckFeed(name string) error {
	if name == "" || len(name) > MaxFeed || strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r))
	}) {
		return fmt.Errorf("bad feed name %.120q: letters, digits, dot, hyphen and underscore, at most %d", name, MaxFeed)
	}
	return nil
}
