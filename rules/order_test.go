package rules

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// TestOrderOfArrivalDoesNotMatter is promise P1: the same events in ten random orders, with repeats, deletes
// before puts and restarts between, give the same generated rows, octet for octet.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	var events []string
	for i := range 60 {
		id := fmt.Sprintf("web%02d", i)
		for rev := 1; rev <= 4; rev++ {
			switch {
			case i%3 == 0 && rev == 4, i%7 == 0 && rev == 2:
				events = append(events, del(id, rev))
			default:
				state := "up"
				if (i+rev)%5 == 0 {
					state = "down"
				}
				events = append(events, put(id, rev, (i*4+rev)%250, state))
			}
		}
	}
	var want map[string]string
	for round := range 10 {
		random := rand.New(rand.NewPCG(1, uint64(round)))
		stream := append([]string{}, events...)
		for range 60 {
			stream = append(stream, events[random.IntN(len(events))])
		}
		random.Shuffle(len(stream), func(i, j int) { stream[i], stream[j] = stream[j], stream[i] })
		w := newWorld(t, nil)
		for len(stream) > 0 {
			n := min(1+random.IntN(80), len(stream))
			for _, a := range w.post(stream[:n]...) {
				if a.Status != "accepted" && a.Status != "ignored" {
					t.Fatalf("round %d: %+v", round, a)
				}
			}
			stream = stream[n:]
			if random.IntN(4) == 0 {
				w.restart()
			}
		}
		got := map[string]string{}
		for owner, value := range w.table("generated.main") {
			got[owner] = string(value)
		}
		if want == nil {
			want = got
		}
		if !maps.Equal(want, got) {
			t.Fatalf("round %d: %d names, in the first %d; they differ", round, len(got), len(want))
		}
	}
	if len(want) < 30 {
		t.Fatalf("only %d names: the test shows nothing", len(want))
	}
}
