package publisher

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"

	effect "zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// plan is the effect of what is presented and not published yet.
func (w *world) plan() *effect.Plan {
	w.t.Helper()
	read := func(name string) *table.View {
		v, err := table.Read(w.t.Context(), w.st, name)
		if err != nil {
			w.t.Fatal(err)
		}
		return v
	}
	published, presented := read(tablePublished), read(tablePresented)
	byZone := map[zone.Name]*effect.Summary{}
	sum := func(apex zone.Name) *effect.Summary {
		if byZone[apex] == nil {
			_, was := published.Get(row.ZoneKey(apex))
			_, is := presented.Get(row.ZoneKey(apex))
			byZone[apex] = &effect.Summary{Zone: apex, New: !was, Gone: !is}
		}
		return byZone[apex]
	}
	p, before := &effect.Plan{}, map[zone.Name]row.Published{}
	names := map[zone.Name]bool{}
	for key, value := range published.All() {
		if apex, ok := row.ZoneOf(key); ok {
			sum(apex)
		} else if n, ok := nameOf(key); ok {
			r, err := row.DecodePublished(value)
			if err != nil {
				w.t.Fatal(err)
			}
			before[n], names[n] = r, true
			sum(r.Zone).Names++
		}
	}
	for key := range presented.All() {
		if n, ok := nameOf(key); ok {
			names[n] = true
		}
	}
	for n := range names {
		var after row.Presented
		if value, ok := presented.Get(n.String()); ok {
			var err error
			if after, err = row.DecodePresented(value); err != nil {
				w.t.Fatal(err)
			}
		}
		w.change(p, sum, n, before[n], after)
	}
	for _, s := range byZone {
		p.Summaries = append(p.Summaries, *s)
	}
	return p
}

func (w *world) change(p *effect.Plan, sum func(zone.Name) *effect.Summary, n zone.Name, before row.Published, after row.Presented) {
	c := effect.Change{Name: n, Zone: after.Zone}
	if after.Zone == "" {
		c.Zone = before.Zone
	}
	for _, s := range before.Sets {
		now, still := zone.FindSet(after.Sets, s.Type)
		switch {
		case !still:
			c.Sets = append(c.Sets, effect.SetChange{Type: s.Type, Before: &s})
		case !now.Equal(s):
			c.Sets = append(c.Sets, effect.SetChange{Type: s.Type, Before: &s, After: &now})
		}
	}
	for _, s := range after.Sets {
		if _, was := zone.FindSet(before.Sets, s.Type); !was {
			c.Sets = append(c.Sets, effect.SetChange{Type: s.Type, After: &s})
		}
	}
	switch z := sum(c.Zone); {
	case len(c.Sets) == 0:
		return
	case len(before.Sets) == 0:
		z.Created++
	case len(after.Sets) == 0:
		z.Deleted++
	default:
		z.Changed++
	}
	p.Changes = append(p.Changes, c)
}

// foresees compares what a plan says would be stopped with what is.
func (w *world) foresees(a *publisher, p *effect.Plan, item row.Held) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/v1/gates", nil)
	r.Host = "127.0.0.1"
	a.h.Mux.ServeHTTP(rec, r)
	var now Now
	if err := json.Unmarshal(rec.Body.Bytes(), &now); rec.Code != 200 || err != nil {
		w.t.Fatalf("GET /v1/gates: %d %s %v", rec.Code, rec.Body, err)
	}
	var want, got []string
	for _, problem := range item.Problems {
		want = append(want, problem.Check+": "+problem.Text)
	}
	for _, s := range now.Judge(p) {
		got = append(got, s.Check+": "+s.Cause)
		if s.Subject != item.Subject || s.CanFree != item.CanFree || s.Stage != owner || s.Unit != item.Unit {
			w.t.Errorf("the plan stops %+v; held is %+v", s, item)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("the plan says %q, held is %q", got, want)
	}
}

func TestTouchedNamesAreNotJudged(t *testing.T) {
	t.Parallel()
	now := NowOf(Gates{Checks: []SiteCheck{{Name: "ours"}}}, nil)
	if stops := now.Judge(&effect.Plan{Summaries: []effect.Summary{{Names: 5, Touched: 5}}}); len(stops) != 0 || !slices.Equal(now.Checks, []string{"ours"}) {
		t.Errorf("%+v, checks %q", stops, now.Checks)
	}
}
