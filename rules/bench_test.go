package rules

import (
	"fmt"
	"strings"
	"testing"
)

// fleet is n entities that give four records each, as NDJSON.
func fleet(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"op":"put","kind":"server","id":"host%06d","rev":1,"attrs":{"hostname":"host%06d","ipv4":"198.51.%d.%d","state":"up","roles":["r%d","s%d","t%d"]}}`+"\n",
			i, i, i>>8&255, i&255, i%997, i%1009, i/50)
	}
	return b.String()
}

// BenchmarkFirstLoad is 100,000 entities (400,000 records) from POST to committed tables; at most 5 s is wanted.
func BenchmarkFirstLoad(b *testing.B) {
	body := fleet(100_000)
	for b.Loop() {
		w := newWorld(b, nil)
		if code, text := w.do("POST", "/v1/events", "application/x-ndjson", body); code != 200 {
			b.Fatal(code, text)
		}
		w.stop()
	}
}

// BenchmarkOneEvent is the time to the answer with 100,000 entities in the inventory.
func BenchmarkOneEvent(b *testing.B) {
	w := newWorld(b, nil)
	if code, text := w.do("POST", "/v1/events", "application/x-ndjson", fleet(100_000)); code != 200 {
		b.Fatal(code, text)
	}
	i := 0
	for b.Loop() {
		i++
		id := fmt.Sprintf("host%06d", i*7919%100_000)
		if a := w.post(fmt.Sprintf(`{"op":"put","kind":"server","id":%q,"rev":%d,"attrs":{"hostname":%q,"ipv4":"192.0.2.%d","state":"up"}}`, id, i+1, id, i%250)); a[0].Status != "accepted" {
			b.Fatal(a)
		}
	}
}

// BenchmarkLargePool is the time to the answer for an event about one of 1,800 members of a pool of which two are served.
func BenchmarkLargePool(b *testing.B) {
	w := newPoolWorld(b, nil)
	var body strings.Builder
	for i := range 1800 {
		fmt.Fprintf(&body, `{"op":"put","kind":"server","id":"m%04d","attrs":{"hostname":"m%04d","ipv4":"198.51.%d.%d","state":"up","roles":["web"]}}`+"\n", i, i, i>>8, i&255)
	}
	if code, text := w.do("POST", "/v1/events", "application/x-ndjson", body.String()); code != 200 {
		b.Fatal(code, text)
	}
	i := 0
	for b.Loop() {
		i++
		w.post(member(fmt.Sprintf("m%04d", i%1800), i%250, []string{"up", "down"}[i/1800%2], "web"))
	}
}
