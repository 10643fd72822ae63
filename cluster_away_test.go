package zonecast

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

// away is how long the whole ensemble stays away: several session time-outs.
const away = 5 * session

// TestEnsembleAway pauses the servers of the ensemble, one after the other, the leader among them, and then all of them for
// longer than any session lives. The proxy answers all the time; with two servers changes flow, and after the
// ensemble's return the stages recover by themselves.
func TestEnsembleAway(t *testing.T) {
	t.Parallel()
	e := newEnsemble(t)
	e.startAll()
	e.serves("ns1.prod.example.", dns.TypeA, "192.0.2.53")
	e.answering(t)
	e.move("rules")

	first := max(0, zktest.Leader(e.servers))
	for i := range e.servers {
		i = (first + i) % len(e.servers)
		e.servers[i].Pause(t)
		t.Logf("server %d paused: an event is served after %v", i+1, e.move("rules").Round(time.Millisecond))
		e.servers[i].Resume(t)
		eventually(t, "three servers serve", func() bool { return zktest.Serving(e.servers) == 3 })
	}

	for _, s := range e.servers {
		s.Pause(t)
	}
	<-time.After(away)
	for _, stage := range stageNames {
		if e.up[stage].ended() {
			t.Errorf("%s ended", stage)
		}
	}
	for _, s := range e.servers {
		s.Resume(t)
	}
	start := time.Now()
	eventually(t, "the ensemble serves again", func() bool { return zktest.Leader(e.servers) >= 0 })
	back := time.Since(start)
	served := e.move("rules")
	for _, stage := range stageNames {
		e.ready(stage)
	}
	t.Logf("all three away for %v: they serve %v after their return, a new event is served %v later, all stages are ready after %v",
		away, back.Round(time.Millisecond), served.Round(time.Millisecond), time.Since(start).Round(time.Millisecond))
}
