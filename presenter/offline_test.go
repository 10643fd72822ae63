package presenter

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

func inputsOf(t *testing.T, files map[string]string, generated map[string][]string) Inputs {
	in := Inputs{Zones: checkout.Set{Commit: "c"}, Generated: Generated{"main": {}}}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		in.Zones.Files = append(in.Zones.Files, checkout.File{Path: path, Data: []byte(files[path])})
	}
	for key, lines := range generated {
		if value := contributed(t, lines); value != nil {
			list, err := row.DecodeContributions(value)
			if err != nil {
				t.Fatal(err)
			}
			in.Generated["main"][name(t, key)] = list
		}
	}
	return in
}

var planPairs = rapid.Custom(func(t *rapid.T) (out [2]planStep) {
	for i := range out {
		out[i] = planStep{files: drawFolder(t), generated: drawGenerated(t)}
		for n := range out[i].generated { // what is held depends on what was before
			if strings.Contains(n, "example.b") || slices.ContainsFunc(out[i].generated[n], func(s string) bool { return strings.Contains(s, "example.b") }) || len(out[i].generated[n]) > 1 {
				delete(out[i].generated, n)
			}
		}
	}
	switch rapid.IntRange(0, 2).Draw(t, "same") {
	case 0:
		out[1].generated = out[0].generated
	case 1:
		files := maps.Clone(out[0].files)
		for path, text := range out[1].files {
			if rapid.Bool().Draw(t, "edited") {
				files[path] = text
			}
		}
		out[1].files = files
	}
	return out
})

// TestEffectIsTheDifference: between any two folders the effect is how two merges of everything differ, though only what
// the difference reaches is read; and the same against a snapshot of the first.
func TestEffectIsTheDifference(t *testing.T) {
	t.Parallel()
	compared, now := 0, time.Now()
	cfg := DefaultConfig()
	for seed := range 600 {
		pair := planPairs.Example(seed)
		before, after := inputsOf(t, pair[0].files, pair[0].generated), inputsOf(t, pair[1].files, pair[1].generated)
		if pair[1].generated == nil || maps.EqualFunc(pair[0].generated, pair[1].generated, slices.Equal) {
			after.Generated = before.Generated
		}
		changes, end, err := Effect(t.Context(), cfg, before, after, now)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(end.Stopped, func(s plan.Stop) bool { return s.Unit != unitRRset }) {
			continue // what is held stays as it was, which a merge of everything does not know
		}
		was, is := mergedOf(cfg, before, now), mergedOf(cfg, after, now)
		if diff := differing(was, is, changes, true); diff != "" {
			t.Fatalf("seed %d: %s\n%+v", seed, diff, pair)
		}
		for _, c := range changes {
			if want := namesIn(was, c.Zone); end.Names[c.Zone.String()] != want {
				t.Fatalf("seed %d: %v, want %d names in %s before\n%+v", seed, end.Names, want, c.Zone, pair)
			}
		}
		view := snapshotOf(t, was)
		changes, _, err = EffectOn(t.Context(), cfg, view, after, now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := differing(was, is, changes, false); diff != "" {
			t.Fatalf("seed %d, on a snapshot: %s\n%+v", seed, diff, pair)
		}
		compared++
	}
	if compared < 100 {
		t.Fatalf("%d compared", compared)
	}
}

func namesIn(m merged, apex zone.Name) (n int) {
	for _, p := range m.Rows {
		if p.Zone == apex && len(p.Sets) > 0 {
			n++
		}
	}
	return n
}

func mergedOf(cfg Config, in Inputs, now time.Time) merged {
	zones, _ := zonefile.Parse(in.Zones.Files, cfg.options("", now))
	zones.Broken = nil // not loaded
	m, _, _ := mergeAll(zones, in.Generated, Offline{Sources: cfg.Sources, Now: now})
	return m
}

func snapshotOf(t *testing.T, m merged) *snapshot.View {
	b := snapshot.NewBuilder(snapshot.Seed{})
	for apex, facts := range m.Zones {
		_ = b.AddZone(snapshot.Zone{Apex: apex, SerialLiteral: facts.SerialLiteral, Timestamp: facts.Timestamp})
	}
	for n, p := range m.Rows {
		if len(p.Sets) > 0 {
			_ = b.Add(snapshot.Node{Name: n, Sets: p.Sets})
		}
	}
	path := filepath.Join(t.TempDir(), "s")
	if _, err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return snapshot.NewView(s)
}

// differing says where changes are not how two merges differ; "" for nowhere.
func differing(was, is merged, changes []plan.Change, claims bool) string {
	said := map[zone.Name]plan.Change{}
	for _, c := range changes {
		said[c.Name] = c
	}
	names := maps.Clone(said)
	for _, m := range []merged{was, is} {
		for n := range m.Rows {
			if _, ok := names[n]; !ok {
				names[n] = plan.Change{}
			}
		}
	}
	for n := range names {
		a, b := was.Rows[n], is.Rows[n]
		differ := !zone.SetsEqual(a.Sets, b.Sets) || claims && (!sameMakers(a.Claims, b.Claims) || !sameMakers(a.Shadowed, b.Shadowed))
		if c, ok := said[n]; ok != differ {
			return fmt.Sprintf("%s: changes %v, said %v: %+v -> %+v; %+v", n, differ, ok, a, b, c)
		}
		for _, s := range said[n].Sets {
			if text := setLine(a.Sets, s.Type) + " -> " + setLine(b.Sets, s.Type); text != planLine(s) {
				return fmt.Sprintf("%s: %s, said is %s", n, text, planLine(s))
			}
		}
	}
	return ""
}

// TestEffectOfAChildZone: a zone that appears takes names from the one above it, though that one's files are the same.
func TestEffectOfAChildZone(t *testing.T) {
	t.Parallel()
	above := small + "a.sub:\n  type: A\n  value: 192.0.2.1\n"
	before := inputsOf(t, map[string]string{"example.com.yaml": above, "example.net.yaml": "{}\n"}, nil)
	after := inputsOf(t, map[string]string{"example.com.yaml": above, "sub.example.com.yaml": "{}\n", "example.net.yaml": "{}\n"}, nil)
	changes, end, err := Effect(t.Context(), DefaultConfig(), before, after, time.Now())
	if err != nil || len(changes) != 2 || changes[1].Kind != plan.Deleted || changes[1].Name != name(t, "a.sub.example.com.") || len(changes[1].Sets[0].Shadows) != 1 {
		t.Fatalf("%+v %v", changes, err)
	}
	if len(end.Zones) != 1 || end.Zones[0].Zone != name(t, "sub.example.com.") || end.Zones[0].Before != nil {
		t.Fatalf("%+v", end.Zones)
	}
}
