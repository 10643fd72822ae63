package merge

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Each file in testdata is a merge at one name, given in its comment with what Place has to say ("owner cut=… dname=…
// glue apex"): human.yaml and glass.yaml (zone example.com), one file generated.<source> each ("module entity [shared] [chosen|standby|kept] TTL type data"), the highest
// priority first, last.<source> with what was served before, and the result.
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob("testdata/*.txtar")
	if len(paths) < 10 {
		t.Fatal("no test data")
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := input(t, strings.Fields(string(a.Comment)))
			want := -1
			for i, f := range a.Files {
				source, generated := strings.CutPrefix(f.Name, "generated.")
				before, last := strings.CutPrefix(f.Name, "last.")
				switch {
				case generated:
					in.Sources = append(in.Sources, Source{Name: source, Contributions: contributions(t, string(f.Data))})
				case last:
					p := Merge(Input{Owner: in.Owner, Place: in.Place, Sources: []Source{{Name: before, Contributions: contributions(t, string(f.Data))}}}).Row
					in.Last = func() (row.Presented, bool) { return p, true }
				case f.Name == "human.yaml":
					in.Human = append(in.Human, human(t, in.Owner, f.Data)...)
				case f.Name == "glass.yaml": // set by hand
					for _, h := range human(t, in.Owner, f.Data) {
						h.File = row.GlassFile + "1"
						in.Human = append([]row.HumanRecord{h}, in.Human...)
					}
				case f.Name == "result":
					want = i
				}
			}
			got := print(in.Owner, Merge(in))
			if *update {
				if want < 0 {
					want = len(a.Files)
					a.Files = append(a.Files, txtar.File{Name: "result"})
				}
				a.Files[want].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want < 0 || got != string(a.Files[want].Data) {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func parseName(t *testing.T, text string) zone.Name {
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func input(t *testing.T, words []string) Input {
	apex := parseName(t, "example.com.")
	in := Input{Owner: parseName(t, words[0]), Now: now.Unix()}
	in.Place.ZoneOf = func(n zone.Name) zone.Name {
		if n.Under(apex) {
			return apex
		}
		return ""
	}
	in.Place.Zone = in.Place.ZoneOf(in.Owner)
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "cut":
			in.Place.Cut = parseName(t, value)
		case "dname":
			in.Place.DNAME = parseName(t, value)
		case "glue":
			in.Place.Glue = true
		case "apex":
			in.Place.Zone, in.Place.Above = in.Owner, in.Place.Zone
		}
	}
	return in
}

func contributions(t *testing.T, text string) (list []row.Contribution) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		c := row.Contribution{Module: f[0], Entity: f[1]}
		if f[2] == "shared" {
			c.Shared = true
			f = append(f[:2], f[3:]...)
		}
		var state row.State
		if state.UnmarshalText([]byte(f[2])) == nil { // in a pool with at_most 1, keep_last 1
			c.Standings = []row.Standing{{Limited: true, State: state, AtMost: 1, KeepLast: 1, Weight: 1}}
			f = append(f[:2], f[3:]...)
		}
		var ttl uint32
		fmt.Sscan(f[2], &ttl)
		typ, _ := zone.ParseType(f[3])
		d, err := zone.ParseRdata(typ, strings.Join(f[4:], " "), "")
		if err != nil {
			d = "spoilt"
		}
		c.Sets = []zone.RRset{{Type: typ, TTL: ttl, Data: []zone.Rdata{d}}}
		list = append(list, c)
	}
	return list
}

func human(t *testing.T, owner zone.Name, text []byte) (list []row.HumanRecord) {
	zones, problems := zonefile.Parse([]checkout.File{{Path: "example.com.yaml", Data: text}}, zonefile.Options{DefaultTTL: 3600})
	if len(zones.Zones) != 1 {
		t.Fatal(problems)
	}
	for _, r := range zones.Zones[0].Records {
		if r.Owner == owner {
			list = append(list, r.Human)
		}
	}
	return list
}

func print(owner zone.Name, r Result) string {
	var b strings.Builder
	for _, s := range r.Row.Sets {
		for _, l := range s.Lines(owner) {
			fmt.Fprintln(&b, l)
		}
	}
	claim := func(what string, c row.Claim) {
		from := c.Origin.Module + " " + c.Origin.Entity + " of " + c.Origin.Source + " " + c.Origin.Reason
		if c.Origin.Human() {
			from = strings.TrimSpace(c.Origin.File + " " + c.Origin.Mode + " " + c.Origin.Scope)
		}
		var data []string
		for _, d := range c.Set.Data {
			data = append(data, zone.RdataText(c.Set.Type, d))
		}
		fmt.Fprintf(&b, "%s: %s\n", what, strings.Join(strings.Fields(fmt.Sprintf("%s %s from %s %s", c.Set.Type, strings.Join(data, ", "), from, c.Why)), " "))
	}
	for _, c := range r.Row.Claims {
		claim("claim", c)
	}
	for _, c := range r.Row.Shadowed {
		claim("shadowed", c)
	}
	if r.Conflict != nil {
		fmt.Fprintf(&b, "conflict: %d served, %d lost, %v\n", len(r.Conflict.Served), len(r.Conflict.Lost), r.Conflict.Types)
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "fault: %s %s of %s: %s\n", f.Check, f.Type, f.Origin.Entity, f.Text)
	}
	return b.String()
}
