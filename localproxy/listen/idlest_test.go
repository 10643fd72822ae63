package listen

import (
	"testing"

	"pgregory.net/rapid"
)

// The idlest connection is one of the asked-for client's, or of a client with the most, whatever order they came in.
func TestIdlestInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clients := []*client{{}, {}, {}}
		s := &tcpServer{}
		for range rapid.IntRange(0, 12).Draw(t, "connections") {
			st := &stream{client: rapid.SampledFrom(clients).Draw(t, "client")}
			st.client.open++
			st.asked.Store(rapid.Int64Range(-5, 5).Draw(t, "asked"))
			s.open = append(s.open, st)
		}
		of := rapid.SampledFrom(append(clients, nil)).Draw(t, "of")
		most := max(clients[0].open, clients[1].open, clients[2].open)
		var want *stream
		for _, st := range s.open {
			among := st.client == of || of == nil && st.client.open == most
			if among && (want == nil || st.asked.Load() < want.asked.Load()) {
				want = st
			}
		}
		if got := s.idlest(of); got != want {
			t.Fatalf("%v, not %v", got, want)
		}
	})
}
