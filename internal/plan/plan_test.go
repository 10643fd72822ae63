package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"zonecast/internal/zone"
)

func name(t *testing.T, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func addresses(t *testing.T, list ...string) *zone.RRset {
	t.Helper()
	s := &zone.RRset{Type: zone.TypeA, TTL: 300}
	for _, text := range list {
		d, err := zone.ParseRdata(zone.TypeA, text, zone.Root)
		if err != nil {
			t.Fatal(err)
		}
		s.Data = append(s.Data, d)
	}
	return s
}

func change(t *testing.T, n, written string, before, after *zone.RRset) Change {
	return Change{Name: name(t, n), Zone: name(t, "example."), Kind: Changed, Written: written,
		Sets: []SetChange{{Type: zone.TypeA, Before: before, After: after}}}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	p := &Plan{Format: Format, Made: time.Unix(1, 0), Against: Against{Kind: Live, Name: "http://127.0.0.1:5380"},
		Changes: []Change{change(t, "www.example.", "w", addresses(t, "192.0.2.1"), addresses(t, "192.0.2.2"))}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(text))
	if err != nil || got.Digest != p.Digest {
		t.Fatal(got, err)
	}
	later := *p
	later.Made, later.Against.Name = time.Unix(2, 0), "http://192.0.2.7:5380"
	if err := later.Seal(); err != nil || later.Digest != p.Digest {
		t.Fatalf("the same effect has another digest: %s, %s, %v", later.Digest, p.Digest, err)
	}
	if _, err := Read(strings.NewReader(strings.Replace(string(text), "192.0.2.2", "192.0.2.3", 1))); !errors.Is(err, ErrDamaged) {
		t.Fatalf("an edited plan was read: %v", err)
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	one, two, three := addresses(t, "192.0.2.1"), addresses(t, "192.0.2.2"), addresses(t, "192.0.2.3")
	approved := &Plan{Changes: []Change{change(t, "www.example.", "w1", one, two)}}
	for title, c := range map[string]struct {
		now     []Change
		written string // at www.example.
		rules   bool
		want    string // of the name that drifted
	}{
		"the same":                      {now: []Change{change(t, "www.example.", "w1", one, two)}, written: "w1", rules: true},
		"the same, other words":         {now: []Change{change(t, "www.example.", "w2", one, two)}, written: "w2", rules: false},
		"an event changed what was":     {now: []Change{change(t, "www.example.", "w1", three, two)}, written: "w1", rules: true},
		"an event took the name":        {written: "w1", rules: true},
		"somebody wrote there":          {now: []Change{change(t, "www.example.", "w2", three, two)}, written: "w2", rules: true, want: "www.example."},
		"other rules were loaded":       {now: []Change{change(t, "www.example.", "w1", three, two)}, written: "w1", rules: false, want: "www.example."},
		"it would take away what stays": {now: []Change{change(t, "www.example.", "w1", one, nil)}, written: "w1", rules: true, want: "www.example."},
		"the change is gone":            {written: "w2", rules: true, want: "www.example."},
		"a new name by an event":        {now: []Change{change(t, "new.example.", "", nil, two), change(t, "www.example.", "w1", one, two)}, written: "w1", rules: true},
		"a new name by a person":        {now: []Change{change(t, "db.example.", "x", nil, two), change(t, "www.example.", "w1", one, two)}, written: "w1", rules: true, want: "db.example."},
		"a new name, other rules":       {now: []Change{change(t, "new.example.", "", nil, two), change(t, "www.example.", "w1", one, two)}, written: "w1", want: "new.example."},
		"the same RRsets, other words":  {now: []Change{change(t, "db.example.", "x", two, two), change(t, "www.example.", "w1", one, two)}, written: "w1", rules: true},
	} {
		written := map[zone.Name]string{name(t, "www.example."): c.written, name(t, "db.example."): "x"}
		drifted, more := approved.Drift(Now{Changes: c.now, Written: func(n zone.Name) string { return written[n] }, SameRules: c.rules}, 10)
		switch {
		case more != 0 || len(drifted) > 1:
			t.Errorf("%s: %v, %d more", title, drifted, more)
		case len(drifted) == 0 && c.want != "", len(drifted) == 1 && drifted[0].Name.String() != c.want:
			t.Errorf("%s: %v, want %q", title, drifted, c.want)
		}
	}
}

func TestDriftIsBounded(t *testing.T) {
	t.Parallel()
	var now []Change
	for _, n := range []string{"c.example.", "a.example.", "b.example."} {
		now = append(now, change(t, n, "x", nil, addresses(t, "192.0.2.1")))
	}
	drifted, more := new(Plan).Drift(Now{Changes: now, Written: func(zone.Name) string { return "x" }, SameRules: true}, 2)
	if len(drifted) != 2 || more != 1 || drifted[0].Name.String() != "a.example." {
		t.Fatal(drifted, more)
	}
}
