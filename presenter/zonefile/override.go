package zonefile

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// What stands under zonecast: in a record.
const (
	ModeReplace = "replace" // instead of the generated RRset
	ModeMerge   = "merge"   // added to the generated RRset
	ModeMask    = "mask"    // nothing is served
	ScopeRRset  = "rrset"   // the RRset of the record's type; the same as none given
	ScopeName   = "name"    // everything generated at the name
)

// TypeAny is the type of a mask with scope name that gives none.
const TypeAny = zone.Type(255)

const maxReason = 500 // octets

// override reads what stands under zonecast:, into h; of a SOA it holds the zone's settings.
func (r *reader) override(n *yaml.Node, h *row.HumanRecord) bool {
	if n == nil {
		return true
	}
	if h.Set.Type == zone.TypeSOA {
		return r.settings(n)
	}
	f, good := r.object(n, "zonecast", 0, "mode", "scope", "rotate", "expires", "reason", "allow")
	if !good {
		return false
	}
	if m := f["mode"]; m != nil {
		h.Mode, good = r.enum(m, "bad-mode", "mode", ModeReplace, ModeMerge, ModeMask)
	}
	if s := f["scope"]; s != nil && good {
		h.Scope, good = r.enum(s, "bad-scope", "scope", ScopeRRset, ScopeName)
		if good && (h.Mode == "" || h.Mode == ModeMerge && h.Scope == ScopeName) {
			good = r.fail(s, "bad-scope", "scope says what a replace or a mask covers", "write mode: replace or mode: mask, or remove scope")
		}
	}
	if h.Mode == ModeMerge && specOf(h.Set.Type).single {
		good = r.fail(f["mode"], "bad-mode", h.Set.Type.String()+" takes one value: nothing can be merged into it", "write mode: replace")
	}
	if o := f["rotate"]; o != nil {
		good = r.rotate(o, h) && good
	}
	if e := f["expires"]; e != nil {
		good = r.expires(e, h) && good
	}
	if t := f["reason"]; t != nil {
		good = r.reason(t, h) && good
	}
	if a := f["allow"]; a != nil {
		good = r.allow(a, r.here.owner) && good
	}
	return good
}

func (r *reader) enum(n *yaml.Node, check, what string, words ...string) (string, bool) {
	for _, w := range words {
		if n.Kind == yaml.ScalarNode && n.Value == w {
			return w, true
		}
	}
	return "", r.fail(n, check, fmt.Sprintf("%s: %.60q is none of %s", what, n.Value, strings.Join(words, ", ")), "")
}

// rotate reads in which order the record's values are given.
func (r *reader) rotate(n *yaml.Node, h *row.HumanRecord) bool {
	word, good := r.enum(n, "bad-rotate", "rotate", zone.RotateNone.String(), zone.RotateCyclic.String(), zone.RotateRandom.String())
	if good && (h.Mode == ModeMask || specOf(h.Set.Type).single) {
		good = r.fail(n, "bad-rotate", "there are no values to rotate", "remove rotate")
	}
	if good {
		h.Set.Rotate, _ = zone.ParseRotation(word)
	}
	return good
}

// expires reads a day (to its end, UTC) or an RFC 3339 time, quoted or not: both readings of YAML agree on it.
func (r *reader) expires(n *yaml.Node, h *row.HumanRecord) bool {
	until, err := time.Parse(time.RFC3339, n.Value)
	if err != nil {
		if until, err = time.Parse(time.DateOnly, n.Value); err == nil {
			until = until.AddDate(0, 0, 1)
		}
	}
	if n.Kind != yaml.ScalarNode || err != nil || until.Unix() <= 0 {
		return r.fail(n, "bad-expires", fmt.Sprintf("expires: %.60q is no day and no time", n.Value), "write 2026-12-01 or 2026-12-01T10:00:00Z")
	}
	h.Expires = until.Unix()
	if until.Nanosecond() > 0 {
		h.Expires++ // in force through the last fraction
	}
	switch at := until.UTC().Format(time.RFC3339); {
	case r.opt.Now.IsZero():
	case !r.opt.Now.Before(until):
		r.add(zone.Warning, n, "expired", "the record expired at "+at+" and is not in force", "remove it")
	case r.opt.ExpiresWithin > 0 && !r.opt.Now.Add(r.opt.ExpiresWithin).Before(until):
		r.add(zone.Warning, n, "expires-soon", "the record expires at "+at, "remove it, give it another expires, or mend what it stands in for")
	}
	return true
}

func (r *reader) reason(n *yaml.Node, h *row.HumanRecord) bool {
	if n.Kind != yaml.ScalarNode || len(n.Value) == 0 || len(n.Value) > maxReason {
		return r.fail(n, "bad-reason", fmt.Sprintf("reason must be a text of 1 to %d octets", maxReason), "")
	}
	for _, c := range n.Value {
		if c < ' ' {
			return r.fail(n, "bad-reason", "reason must be one line", "")
		}
	}
	h.Reason = n.Value
	return true
}

// settings reads the zone's own, at its SOA.
func (r *reader) settings(n *yaml.Node) bool {
	f, good := r.object(n, "zonecast of a SOA", 0, "serial", "timestamp", "allow")
	if good && f["serial"] != nil {
		var word string
		word, good = r.enum(f["serial"], "bad-setting", "serial", "release", "literal")
		r.facts.SerialLiteral = word == "literal"
	}
	if good && f["timestamp"] != nil {
		word, ok := r.enum(f["timestamp"], "bad-setting", "timestamp", "on", "off")
		r.facts.Timestamp = word != "off"
		good = ok
	}
	if a := f["allow"]; a != nil {
		good = r.allow(a, "") && good
	}
	return good
}
