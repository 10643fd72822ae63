package publisher

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/row"
	"zonecast/internal/snapshot"
)

// Whatever presented says, in whatever steps, with new leaders, bases, epochs and rollbacks between: every version a
// proxy follows serves exactly that, its chain verifies, and a base has the bytes of one built from scratch (P1, P4).
func TestEveryVersionServesWhatIsPresented(t *testing.T) {
	t.Parallel()
	apexes := []string{"example.", "sub.example.", "deep.sub.example.", "example.org."}
	labels := []string{"a", "b", "c", "*", "x.y", "x.y.z", "sub", "q.sub", "q.deep.sub", "deep.sub"}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		defer w.close()
		w.cfg.Bases.Deltas = rapid.IntRange(1, 5).Draw(rt, "deltas")
		w.cfg.History = History{}
		h := w.byHand()
		defer func() { h.close() }()
		p := w.proxy()
		w.commit(func(e edit) { e.zone("example.") })
		must := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		must(h.step())
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.IntRange(0, 12).Draw(rt, "step") {
			case 0: // a new leader
				h.close()
				h = w.byHand()
				b, err := h.f.Next(t.Context())
				must(err)
				h.take(h.f, b)
				must(h.releaseAll())
			case 1:
				_, err := h.orderEpoch(request{Reason: "test"})
				must(err)
				must(h.releaseAll())
			case 2: // and back: what is presented is served again after it
				_, err := h.orderRollback(t.Context(), request{Reason: "test", To: h.entries[rapid.IntRange(0, len(h.entries)-1).Draw(rt, "to")]})
				if err == nil {
					must(h.releaseAll())
					p.follow()
					_, err = h.orderResume(request{Reason: "test"})
					must(err)
					must(h.releaseAll())
				}
			default:
				w.commit(func(e edit) { change(rt, e, apexes, labels) })
				must(h.step())
			}
			for _, item := range w.heldItems() { // zones that went, and whole zones that changed
				if item.CanFree {
					_, err := h.letGo(item.ID, request{Reason: "test"})
					must(err)
				}
			}
			must(h.releaseAll())
			if p.follow(); p.differs() != "" {
				rt.Fatalf("version %d: %s differs; served %v, presented %v; held %+v", p.head.Version, p.differs(), p.names(), slices.Sorted(maps.Keys(w.want)), w.heldItems())
			}
		}
		seed, err := parseSeed(p.head.Base.Seed)
		must(err)
		var zones []snapshot.Zone
		for apex, facts := range w.zones {
			zones = append(zones, snapshot.Zone{Apex: apex, SerialLiteral: facts.SerialLiteral, Timestamp: facts.Timestamp})
		}
		stat, err := p.view.Compile(seed, filepath.Join(t.TempDir(), "view.snap"))
		must(err)
		if sum := w.scratch(zones, w.want, seed); sum != stat.SHA256 {
			rt.Fatalf("base and deltas compile to %s, the content from scratch to %s", stat.SHA256, sum)
		}
		fresh := w.proxy()
		if fresh.follow(); fresh.differs() != "" {
			rt.Fatalf("a fresh proxy serves %v", fresh.names())
		}
	})
}

// change makes one random commit of presented, which keeps to its rules: names belong to the longest zone.
func change(rt *rapid.T, e edit, apexes, labels []string) {
	w := e.w
	if rapid.IntRange(0, 3).Draw(rt, "zones") == 0 {
		apex := rapid.SampledFrom(apexes[1:]).Draw(rt, "apex")
		if _, ok := w.zones[name(w.t, apex)]; ok {
			e.dropFacts(apex)
			e.drop(apex)
		} else {
			e.facts(apex, row.ZoneFacts{SerialLiteral: rapid.Bool().Draw(rt, "literal")})
			e.put(apex, apex, "SOA ns.example. host.example. 1 3600 600 86400 60", "NS ns.example.")
		}
		w.settle(e)
	}
	for range rapid.IntRange(0, 6).Draw(rt, "names") {
		owner := rapid.SampledFrom(labels).Draw(rt, "label") + "." + rapid.SampledFrom([]string{"example.", "example.org."}).Draw(rt, "parent")
		apex, ok := w.zoneOf(owner)
		if _, isZone := w.zones[name(w.t, owner)]; !ok || isZone {
			continue
		}
		switch rapid.IntRange(0, 3).Draw(rt, "what") {
		case 0:
			e.drop(owner)
		case 1:
			e.put(apex, owner) // masked
		default:
			e.put(apex, owner, fmt.Sprintf("A 192.0.2.%d", rapid.IntRange(1, 3).Draw(rt, "address")))
		}
	}
}

// settle moves every name to its longest zone, or drops it when there is none.
func (w *world) settle(e edit) {
	for owner, sets := range w.want {
		apex, ok := w.zoneOf(owner)
		if !ok {
			e.drop(owner)
			continue
		}
		e.tx.Put(owner, row.Presented{Zone: name(w.t, apex), Sets: sets}.Encode())
	}
}

func (w *world) zoneOf(owner string) (string, bool) {
	for n := name(w.t, owner); n != ""; n = n.Parent() {
		if _, ok := w.zones[n]; ok {
			return n.String(), true
		}
	}
	return "", false
}
