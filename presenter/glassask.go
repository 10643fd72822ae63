package presenter

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
	"zonecast/presenter/zonefile/write"
)

// GlassAsk asks for a record that is set by hand.
type GlassAsk struct {
	Name    string   `json:"name"`             // owner name; a final dot may be left out
	Type    string   `json:"type"`             // "ANY" with mode mask and scope name
	Values  []string `json:"values,omitempty"` // data in presentation form (RFC 1035 5.1); none in a mask
	Mode    string   `json:"mode,omitempty"`   // replace (when left out), merge or mask
	Scope   string   `json:"scope,omitempty"`  // rrset (when left out) or name
	TTL     *uint32  `json:"ttl,omitempty"`    // seconds; glassTTL when left out
	Expires string   `json:"expires"`          // a duration ("4h") or an RFC 3339 time; 4 h when left out, or the bound where that is shorter
	Reason  string   `json:"reason"`
	By      string   `json:"by"`
	DryRun  bool     `json:"dry_run,omitempty"` // only says what it would do
}

// GlassAnswer says what was done, or would be.
type GlassAnswer struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Zone    zone.Name `json:"zone"`
	Expires int64     `json:"expires"` // Unix seconds
	Before  []string  `json:"before"`  // records of the name, as presented
	After   []string  `json:"after"`
	File    string    `json:"file"`              // the zone's file, in the repository
	YAML    string    `json:"yaml"`              // what to bring into it
	Again   bool      `json:"again,omitempty"`   // it took the place of one set by hand before
	DryRun  bool      `json:"dry_run,omitempty"` // nothing was done
	record  row.Glass // what is put in force
}

const (
	glassTime = 4 * time.Hour // how long one lasts unless it is said
	glassTTL  = 60            // seconds: caches should not hold it long after its end
)

func bad(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Errorf(format, args...)}
}

// read checks what is asked for, as a record of a zone file is: it becomes one, and is read by the same reader.
func (t *term) readGlass(ask GlassAsk, from string) (GlassAnswer, error) {
	var a GlassAnswer
	name := ask.Name
	if !strings.HasSuffix(name, ".") {
		name += "."
	}
	n, err := zone.ParseName(name)
	if err != nil {
		return a, bad("name: %w", err)
	}
	if ask.Mode == "" {
		ask.Mode = zonefile.ModeReplace
	}
	if !slices.Contains([]string{zonefile.ModeReplace, zonefile.ModeMerge, zonefile.ModeMask}, ask.Mode) {
		return a, bad("mode: %.60q is none of replace, merge, mask [bad-mode]", ask.Mode)
	}
	if !slices.Contains([]string{"", zonefile.ScopeRRset, zonefile.ScopeName}, ask.Scope) {
		return a, bad("scope: %.60q is none of rrset, name [bad-scope]", ask.Scope)
	}
	typ, ok := zone.ParseType(ask.Type)
	if strings.EqualFold(ask.Type, "ANY") && ask.Mode == zonefile.ModeMask && ask.Scope == zonefile.ScopeName {
		typ, ok = zonefile.TypeAny, true
	}
	if !ok {
		return a, bad("type: %w", &zone.UnknownTypeError{Text: ask.Type})
	}
	apex := t.world.zoneOf(n)
	if typ == zone.TypeDS && apex == n {
		apex = t.world.zoneOf(n.Parent())
	}
	if apex == "" {
		return a, bad("%s belongs to no zone that is loaded", n)
	}
	if err := apexStays(n, apex, typ, ask); err != nil {
		return a, err
	}
	expires, err := t.glassExpires(ask.Expires)
	if err != nil {
		return a, err
	}
	if strings.TrimSpace(ask.Reason) == "" || strings.TrimSpace(ask.By) == "" {
		return a, bad("a reason and who it is are needed: they stand in the log of decisions")
	}
	ask.Reason = service.OneLine(ask.Reason)
	if a.YAML, err = glassYAML(n, apex, typ, ask, expires); err != nil {
		return a, err
	}
	record, err := t.parseGlass(n, apex, a.YAML)
	if err != nil {
		return a, err
	}
	id := glassID(n.String(), typ)
	record.File, record.Author = row.GlassFile+id, service.OneLine(ask.By)
	a.ID, a.Name, a.Zone, a.Expires, a.DryRun = id, n.String(), apex, expires.Unix(), ask.DryRun
	a.File = t.fileOf(apex)
	_, a.Again = t.glass.byID[id]
	a.record = row.Glass{ID: id, Name: a.Name, Record: record, By: record.Author, From: from, At: t.at.Unix()}
	return a, nil
}

// apexStays refuses what would take a zone's SOA or NS away: without them it is no zone.
func apexStays(n, apex zone.Name, t zone.Type, ask GlassAsk) error {
	switch {
	case t == zone.TypeSOA:
		return bad("a SOA is not set by hand: change the zone file")
	case n == apex && (ask.Scope == zonefile.ScopeName || ask.Mode == zonefile.ModeMask && t == zone.TypeNS):
		return bad("at %s itself that would take the zone's SOA or NS away", apex)
	}
	return nil
}

// glassExpires reads how long a record is to last: never for ever.
func (t *term) glassExpires(text string) (time.Time, error) {
	bound := t.cfg.OverrideMax
	at := t.at.Add(min(glassTime, bound))
	if text != "" {
		if d, err := time.ParseDuration(text); err == nil {
			at = t.at.Add(d)
		} else if at, err = time.Parse(time.RFC3339, text); err != nil {
			return at, bad("expires: %.60q is neither a time from now nor an RFC 3339 time: write, for example, 4h", text)
		}
	}
	at = at.Truncate(time.Second).UTC()
	switch {
	case !at.After(t.at):
		return at, bad("expires: %s is over already", at.Format(time.RFC3339))
	case at.Sub(t.at) > bound:
		return at, bad("expires: at most %v from now (presenter.override_max); for longer bring it into the zone file", bound)
	}
	return at, nil
}

// glassYAML writes the record as it is to stand in the zone file.
func glassYAML(n, apex zone.Name, t zone.Type, ask GlassAsk, expires time.Time) (string, error) {
	var b bytes.Buffer
	if ask.Mode == zonefile.ModeMask {
		if len(ask.Values) > 0 || ask.TTL != nil {
			return "", bad("a mask serves nothing: it takes no values and no ttl")
		}
		text, err := write.Relative(n, apex)
		if err != nil {
			return "", bad("%w", err)
		}
		fmt.Fprintf(&b, "%s:\n", write.Quote(text))
		if t != zonefile.TypeAny {
			fmt.Fprintf(&b, "  type: %s\n", t)
		}
	} else {
		set := zone.RRset{Type: t, TTL: glassTTL}
		if ask.TTL != nil {
			set.TTL = *ask.TTL
		}
		if len(ask.Values) == 0 {
			return "", bad("a value is needed, or mode mask to serve nothing")
		}
		for _, v := range ask.Values {
			d, err := zone.ParseRdata(t, v, "")
			if err != nil {
				return "", bad("%s %.200q: %w", t, v, err)
			}
			set.Data = append(set.Data, d)
		}
		set.Normalize()
		one := func(yield func(zone.Name, []zone.RRset) bool) { yield(n, []zone.RRset{set}) }
		if err := write.Write(&b, apex, one, write.Options{}); err != nil {
			return "", bad("%w", err)
		}
	}
	fmt.Fprintf(&b, "  zonecast:\n    expires: %s\n    mode: %s\n    reason: %s\n", expires.Format(time.RFC3339), ask.Mode, quote(ask.Reason))
	if ask.Scope != "" {
		fmt.Fprintf(&b, "    scope: %s\n", ask.Scope)
	}
	return b.String(), nil
}

// quote writes a text that may have letters beyond ASCII.
func quote(text string) string {
	for _, c := range text {
		if c > '~' {
			return "'" + strings.ReplaceAll(text, "'", "''") + "'"
		}
	}
	return write.Quote(text)
}

// parseGlass reads the record as if it stood in the zone file.
func (t *term) parseGlass(n, apex zone.Name, text string) (row.HumanRecord, error) {
	path := strings.ReplaceAll(strings.TrimSuffix(apex.String(), "."), "/", `\047`) + ".yaml" // as in 0/25.2.0.192.in-addr.arpa (RFC 2317)
	zones, problems := zonefile.Parse([]checkout.File{{Path: path, Data: []byte(text)}}, t.cfg.options("", t.at))
	if i := slices.IndexFunc(problems, func(p zone.Problem) bool { return p.Severity == zone.Error }); i >= 0 {
		p := problems[i]
		return row.HumanRecord{}, bad("%s: %s [%s] %s", n, p.Text, p.Check, p.Fix)
	}
	for _, z := range zones.Zones {
		for _, r := range z.Records {
			if r.Owner == n && r.Human.Expires != 0 {
				return r.Human, nil
			}
		}
	}
	return row.HumanRecord{}, errors.New("the record is not read back as what was asked for")
}

// fileOf tells which file of a zone a record is to be brought into.
func (t *term) fileOf(apex zone.Name) string {
	l, _, _ := load.Loaded(t.zones) // without a load there is no zone
	return l.Prefix + t.loading(checkout.Set{}).loadedFiles(apex)[0]
}
