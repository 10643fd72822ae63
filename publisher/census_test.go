package publisher

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/fleet"
	"zonecast/internal/store"
)

// TestCensus counts proxies while leading, and forgets who has been gone for a week.
func TestCensus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id, state := range map[string]fleet.State{"web1": fleet.Fresh, "web2": fleet.Stale} {
		if err := fleet.NewStoreSender(w.st, id).Send(t.Context(), fleet.Report{ID: id, State: state, Version: 7}); err != nil {
			t.Fatal(err)
		}
	}
	for id, ago := range map[string]time.Duration{"old": forgetAfter + time.Hour, "lately": time.Hour} {
		report, err := json.Marshal(fleet.Report{ID: id, State: fleet.Fresh, At: time.Now().Add(-ago).Unix()})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.st.Multi(t.Context(), store.Create(fleet.Node(id), report)); err != nil {
			t.Fatal(err)
		}
	}
	p := w.start("p1")
	for p.census.last.Load() == nil { // while it leads, by itself
		w.pause()
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(p.census)
	text := func() string {
		var b strings.Builder
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			b.WriteString(f.String() + "\n")
		}
		return b.String()
	}
	s := p.census.last.Load()
	if s.Alive != 2 || s.Gone != 2 || s.States[fleet.Stale] != 1 {
		t.Errorf("%+v", s)
	}
	if got := text(); strings.Count(got, "state") != 5 || !strings.Contains(got, "zonecast_publisher_proxies_lagging") {
		t.Error(got)
	}
	for { // who was gone for a week is forgotten, after the count
		look, err := fleet.Read(t.Context(), w.st, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(look.Proxies) == 3 {
			break
		}
		w.pause()
	}
	p.stop()
	if got := text(); got != "" {
		t.Errorf("it counts though it does not lead: %s", got)
	}
}
