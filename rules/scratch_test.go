package rules

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/rules/pool"
)

const mixedYAML = `module: mixed
kind: server
when: 'state == "up"'
records:
  - each: roles
    when: 'it in ["zk", "hb"]'
    number: {of: it, grace: '0s'}
    name: '{it}-{n}.prod.example.'
    type: A
    value: '{ipv4}'
    pool: {keep_last: 1}
  - each: roles
    when: 'it == "zk" and n == 1'
    number: {of: it, grace: 1s}
    name: 'first.prod.example.'
    type: TXT
    value: '{id}'
`

// TestBuiltFromItsInventory is promise P1 for what has a history: numbers, sticky choices and last members. After
// any events, with restarts between, the generated rows are those that one gets from the inventory's rows alone; no two
// entities have one number, pins count, and a pool that keeps its last is never empty again.
func TestBuiltFromItsInventory(t *testing.T) {
	t.Parallel()
	for round := range 2 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, uint64(round)))
			w := newPoolWorld(t, map[string]string{"mixed.yaml": mixedYAML})
			had := map[string]bool{}
			for range 25 {
				var events []string
				for range 1 + random.IntN(4) {
					id := string(rune('a' + random.IntN(8)))
					if random.IntN(4) == 0 {
						events = append(events, gone(id))
						continue
					}
					var roles, pins []string
					for _, r := range []string{"ntp", "web", "zk", "hb"} {
						if random.IntN(2) == 0 {
							roles = append(roles, r)
						}
					}
					if random.IntN(3) == 0 {
						pins = append(pins, fmt.Sprintf("zk=%d", 1+random.IntN(3)))
					}
					events = append(events, member(id, 1+random.IntN(200), []string{"up", "up", "down"}[random.IntN(3)], strings.Join(roles, " "), pins...))
				}
				w.post(events...)
				if random.IntN(6) == 0 {
					w.restart()
				}
				if t.Failed() {
					return
				}
				checkBuilt(t, w)
				for _, owner := range []string{"ntp.prod.example.", "web.prod.example."} {
					served := slices.ContainsFunc(strings.Fields(w.pool(owner)), func(e string) bool { return e[0] != '-' })
					if had[owner] && !served {
						t.Fatalf("%s is empty after %v", owner, events)
					}
					had[owner] = had[owner] || served
				}
			}
		})
	}
}

// checkBuilt compares the generated rows, and the pools' rows, with those made from the inventory alone.
func checkBuilt(t *testing.T, w *world) {
	t.Helper()
	inv, gen := w.table("inventory.main"), w.table("generated.main")
	numbers := inventory.NewNumbers()
	pinned, holder := map[int]string{}, map[int]string{}
	for key, value := range inv {
		role, ok := inventory.RoleOf(key)
		if !ok {
			continue
		}
		if err := numbers.Load(role, value); err != nil { // two with one number, among others
			t.Fatal(err)
		}
		members, _ := inventory.DecodeRole(value)
		for _, m := range members {
			if role == "zk" {
				holder[m.N] = m.Entity
			}
			if m.Pin != 0 && m.N == m.Pin && role == "zk" {
				pinned[m.N] = m.Entity
			}
		}
	}
	engine := w.stage.lead.Load().engine // at rest: every event is answered
	worker := engine.workers[0]
	byOwner := map[string][]row.Contribution{}
	held := map[string]bool{}
	for key, value := range inv {
		if r, err := inventory.DecodeRow(value); err == nil {
			held[key] = slices.ContainsFunc(r.Given, func(g inventory.Given) bool { return g.Held && len(g.Names) > 0 })
		}
	}
	for _, key := range slices.Sorted(maps.Keys(inv)) {
		if _, _, ok := inventory.SplitKey(key); !ok {
			continue
		}
		r, err := inventory.DecodeRow(inv[key])
		if err != nil {
			t.Fatal(err)
		}
		if r.Gone() {
			continue
		}
		s := &entityState{key: key, row: r, ok: true}
		engine.demand(worker, s, numbers)
		s.numbers = numbers.Of(key, s.demand.Claims)
		for role, pin := range s.demand.Pins {
			if n, asks := s.numbers[role]; asks && n.N != pin && pinned[pin] == "" && !held[holder[pin]] {
				t.Fatalf("%s pins %d of %s, has %+v, and nobody pins it besides, nor stays at it", key, pin, role, n)
			}
		}
		for _, res := range engine.evaluate(worker, s) {
			if res.err != nil { // held at its last good state, which the names it gave tell
				for _, g := range r.Given {
					for _, owner := range g.Names {
						list, _ := row.DecodeContributions(gen[owner])
						for _, c := range list {
							if g.Module == res.module && c.Module == res.module && c.Entity == key {
								byOwner[owner] = append(byOwner[owner], pool.Present([]row.Contribution{c})...)
							}
						}
					}
				}
				continue
			}
			for owner, c := range res.gives {
				byOwner[owner] = append(byOwner[owner], c)
			}
		}
	}
	for key := range inv {
		if owner, ok := strings.CutPrefix(key, row.PrefixPool); ok && byOwner[owner] == nil {
			byOwner[owner] = []row.Contribution{}
		}
	}
	for owner, list := range byOwner {
		slices.SortFunc(list, func(a, b row.Contribution) int { return compareContribution(a, [2]string{b.Module, b.Entity}) })
		old, _ := row.DecodePools(inv[row.PrefixPool+owner])
		built, pools := pool.Settle(pool.Input{Owner: owner, Present: list, Old: old, Keeps: func(m string, t zone.Type) int { return engine.keeps(m, owner, t) }})
		if want := row.EncodeContributions(built); !bytes.Equal(gen[owner], want) && len(built) > 0 {
			got, _ := row.DecodeContributions(gen[owner])
			t.Fatalf("%s is %+v; from the inventory %+v", owner, got, built)
		}
		if len(pools) > 0 && !bytes.Equal(row.EncodePools(pools), inv[row.PrefixPool+owner]) {
			t.Fatalf("the pools of %s are %+v; settled again %+v", owner, old, pools)
		}
		if len(built) > 0 {
			delete(gen, owner)
		}
	}
	if len(gen) > 0 {
		t.Fatalf("nothing in the inventory gives %v", slices.Collect(maps.Keys(gen)))
	}
}
