package alarm

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
)

const now = 1_795_000_000

// signed is a head as the store has it.
func signed(t *testing.T, at, expires int64) []byte {
	t.Helper()
	key, _, err := release.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	head := release.Head{Stream: "stable", Epoch: 1, Version: 7, MinReader: 1, Released: at, Signed: at, AsOf: at, Expires: expires,
		Base: release.Base{Version: 7, Seed: "000102030405060708090a0b0c0d0e0f"}}
	note, err := release.Sign(head, key)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// well is a pipeline that nothing is wrong with.
func well(t *testing.T) Facts {
	t.Helper()
	return Facts{
		Now:      time.Unix(now, 0),
		HeadText: signed(t, now-5, now+86400),
		Leaders:  map[string]leader.Info{"rules.main": {Instance: "a"}, "presenter": {Instance: "a"}, "publisher": {Instance: "b"}},
		Tables: map[string]table.Head{
			"generated.main": {AsOf: now - 2, Beat: now - 2, Seq: 9}, "presented": {AsOf: now - 3, Beat: now - 3, Seq: 9},
			"published": {AsOf: now - 4, Beat: now - 4, Seq: 9}, "zones": {Beat: now - 9000},
		},
		HeldBy: map[string]int{},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	head := func(f *Facts, name string, asOf int64) { f.Tables[name] = table.Head{AsOf: asOf, Beat: asOf} }
	for name, c := range map[string]struct {
		change func(*Facts)
		want   string // names and subjects, the worst first
	}{
		"well":          {func(*Facts) {}, ""},
		"nothing there": {func(f *Facts) { *f = Facts{Now: f.Now} }, ""},
		"nobody leads": {func(f *Facts) { delete(f.Leaders, "presenter"); delete(f.Leaders, "rules.main") },
			"ZonecastStageWithoutLeader presenter, ZonecastStageWithoutLeader rules.main"},
		"a leader of something else": {func(f *Facts) { f.Leaders["notify"] = leader.Info{} }, ""},
		"a source stands still": {func(f *Facts) {
			for _, table := range []string{"generated.main", "presented", "published"} {
				head(f, table, now-301)
			}
		}, "ZonecastSourceStale main"},
		"a source stands still, not for long": {func(f *Facts) {
			for _, table := range []string{"generated.main", "presented", "published"} {
				head(f, table, now-299)
			}
		}, ""},
		"a source that has given nothing":    {func(f *Facts) { head(f, "generated.lab", 0) }, "ZonecastSourceStale lab, ZonecastStageWithoutLeader rules.lab"},
		"a source that is merged no more":    {func(f *Facts) { head(f, "generated.old", now-90000) }, ""},
		"the presenter hangs":                {func(f *Facts) { head(f, "presented", now-130); head(f, "published", now-130) }, "ZonecastNotPresenting "},
		"the publisher hangs":                {func(f *Facts) { head(f, "published", now-130) }, "ZonecastNotReleasing "},
		"a rollback keeps as-of where it is": {func(f *Facts) { head(f, "published", now-1300); f.Back = &release.Rollback{To: 7} }, "ZonecastRollbackInForce "},
		"a quarter of its life":              {func(f *Facts) { f.HeadText = signed(t, now-70000, now+16400) }, "ZonecastHeadExpiring "},
		"expired":                            {func(f *Facts) { f.HeadText = signed(t, now-90000, now-3600) }, "ZonecastHeadExpiring "},
		"a head that is none":                {func(f *Facts) { f.HeadText = []byte("rubbish") }, ""},
		"a fleet": {func(f *Facts) {
			f.Proxies = fleet.Summary{Known: 10_003, Alive: 10_000, Gone: 3, Lagging: 2, States: map[fleet.State]int{fleet.Fresh: 9_999, fleet.Expired: 1}}
		}, "ZonecastProxyStale , ZonecastProxiesGone , ZonecastProxiesLagging "},
		"a fleet that is well": {func(f *Facts) {
			f.Proxies = fleet.Summary{Known: 10_000, Alive: 10_000, States: map[fleet.State]int{fleet.Fresh: 10_000}}
		}, ""},
		"set by hand": {func(f *Facts) {
			f.ByHand = []row.GlassNote{{ID: "1", Name: "web1.example.", Type: "A", By: "ana", Reason: "INC-1", At: now - 60, Expires: now + 60}}
		}, "ZonecastOverrideInForce 1"},
		"held": {func(f *Facts) {
			f.Held = []row.Held{{ID: "presenter:1", Owner: "presenter", Since: 5}, {ID: "publisher:2", Owner: "publisher", Since: 9}}
			f.HeldBy = map[string]int{"presenter": 1, "publisher": 1}
		}, "ZonecastGateHolding publisher:2, ZonecastHeld presenter:1"},
	} {
		f := well(t)
		c.change(&f)
		var got []string
		for _, a := range Judge(f) {
			got = append(got, a.Key())
			if a.Text == "" || a.Do == "" || a.Severity == "" {
				t.Errorf("%s: %+v", name, a)
			}
		}
		wants := strings.Split(c.want, ", ")
		if c.want == "" {
			wants = nil
		}
		if len(got) != len(wants) {
			t.Errorf("%s: %q, want %q", name, got, wants)
			continue
		}
		for _, want := range wants {
			found := false
			for _, g := range got {
				found = found || g == want
			}
			if !found {
				t.Errorf("%s: %q, want %q", name, got, wants)
			}
		}
	}
}

// The worst comes first, and what is held in the thousands is one line more than the bound (P9).
func TestP9ManyHeldThings(t *testing.T) {
	t.Parallel()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	fill := func(owner string, n int) {
		w, err := table.OpenWriter(t.Context(), st, "held."+owner, table.Options{Instance: "test", Shards: 16})
		if err != nil {
			t.Fatal(err)
		}
		tx := w.Begin()
		for i := range n {
			id := fmt.Sprintf("%s:%04d", owner, i)
			value, _ := json.Marshal(row.Held{ID: id, Owner: owner, Unit: "contribution", Since: int64(n - i)})
			tx.Put(id, value)
		}
		if err := table.Commit(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	fill("rules.main", 3000)
	fill("publisher", 1)
	if err := st.Multi(t.Context(), store.Create(release.PathState, []byte(`{"frozen":{"to":7,"by":"ana","since":3}}`))); err != nil {
		t.Fatal(err)
	}
	f, err := Read(t.Context(), st, "stable")
	if err != nil {
		t.Fatal(err)
	}
	list := Judge(f)
	if len(list) != maxHeld+3 || list[0].Key() != "ZonecastGateHolding publisher:0000" || f.HeldBy["rules.main"] != 3000 {
		t.Fatalf("%d alarms, %+v first, %v", len(list), list[0], f.HeldBy)
	}
	if oldest := list[1]; oldest.Since != 1 {
		t.Errorf("not the oldest first: %+v", oldest)
	}
	var more, back bool
	for _, a := range list {
		more = more || a.Text == "rules.main holds 2950 more"
		back = back || (a.Name == Rollback && a.Since == 3)
	}
	if !more || !back {
		t.Errorf("the rest %v, the rollback %v: %+v", more, back, list[len(list)-2:])
	}
}
