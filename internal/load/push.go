package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

const (
	keyPush    = "push"
	prefixPush = "push/"
)

// MaxPush bounds the files of one push together, in octets. A body in JSON (base64) may be half as large again.
const MaxPush = 256 << 20

// MaxBody bounds a push's body in JSON, in octets: base64 makes its files a third larger.
const MaxBody = MaxPush + MaxPush/2

// ErrConflict is a push that was compared with something other than what is loaded: compare again.
var ErrConflict = errors.New("another commit is loaded than the push was compared with")

// Answer is what a push gets back.
type Answer struct {
	Status   string         `json:"status"` // loaded, held or unchanged
	HeldID   string         `json:"held_id,omitempty"`
	Problems []zone.Problem `json:"problems,omitempty"`
}

// The statuses of an Answer.
const (
	StatusLoaded    = "loaded"
	StatusHeld      = "held"
	StatusUnchanged = "unchanged"
)

// Decide says what is to be done with a push where l is loaded (ok: anything is at all): load it, hold it as a
// whole because it does not descend from what is loaded (an older checkout must not roll anything back), or nothing,
// since the very same commit is loaded. ErrConflict when the sender compared with another commit.
func Decide(p checkout.Push, l row.Load, ok bool) (status string, err error) {
	switch {
	case ok && p.Commit == l.Commit:
		return StatusUnchanged, nil
	case p.Base != l.Commit: // l is zero when nothing is loaded
		return "", fmt.Errorf("%w: loaded %q, compared with %q", ErrConflict, l.Commit, p.Base)
	case ok && !p.Descends:
		return StatusHeld, nil
	}
	return StatusLoaded, nil
}

// DecodePush reads a push as JSON, with every bound and every path checked. Paths are relative, clean, without
// "#" (it separates a chunk's number), and occur once.
func DecodePush(r io.Reader) (checkout.Push, error) {
	limited := &io.LimitedReader{R: r, N: MaxPush + MaxPush/2 + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var p checkout.Push
	if err := dec.Decode(&p); err != nil {
		if limited.N <= 0 {
			return p, fmt.Errorf("push is larger than %d MiB", MaxPush>>20)
		}
		return p, fmt.Errorf("push: %w", err)
	}
	if p.Commit == "" || len(p.Commit) > 100 || len(p.Head) > 100 || len(p.Base) > 100 || len(p.Prefix) > 1000 || len(p.Author) > checkout.MaxAuthor {
		return p, errors.New("push: commit, head, base, prefix or author is missing or too long")
	}
	if p.Plan != nil {
		if p.Plan.Format != plan.Format {
			return p, fmt.Errorf("push: plan of format %d, this program reads %d: make it anew", p.Plan.Format, plan.Format)
		}
		if err := p.Plan.Check(); err != nil {
			return p, fmt.Errorf("push: %w", err)
		}
	}
	sortFiles(p.Files)
	return p, Check(p.Files)
}

// Check tests the bounds and paths of files sorted by path.
func Check(files []checkout.File) error {
	if len(files) > checkout.MaxFiles {
		return fmt.Errorf("%d files; at most %d", len(files), checkout.MaxFiles)
	}
	total := 0
	for i, f := range files {
		total += len(f.Data)
		switch {
		case !cleanPath(f.Path):
			return fmt.Errorf("file %.200q: the path must be relative, clean and without #, control characters or backslashes (but those of \\DDD)", f.Path)
		case i > 0 && files[i-1].Path == f.Path:
			return fmt.Errorf("file %q occurs twice", f.Path)
		case len(f.Data) > checkout.MaxFile:
			return fmt.Errorf("file %q is larger than %d MiB", f.Path, checkout.MaxFile>>20)
		case total > MaxPush:
			return fmt.Errorf("the files are larger than %d MiB together", MaxPush>>20)
		}
	}
	return nil
}

// octet is an escape of zone.Name.String: the name of a zone's file may have some, as 0\047128.2.0.192.in-addr.arpa.yaml (RFC 2317).
var octet = regexp.MustCompile(`\\[0-9]{3}`)

func cleanPath(p string) bool {
	plain := octet.ReplaceAllLiteralString(p, "")
	return p != "" && len(p) <= 1000 && path.Clean(p) == p && !path.IsAbs(p) && p != "." && p != ".." && !strings.HasPrefix(p, "../") &&
		!strings.ContainsFunc(plain, func(r rune) bool { return r < ' ' || r == 0x7f || r == '#' || r == '\\' })
}
