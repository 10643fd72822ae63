package answer

import (
	"slices"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// rotatingView has www with A in cyclic, AAAA in random and TXT in no rotation, three records each, and a wildcard.
func rotatingView(t testing.TB) *testView {
	t.Helper()
	v := &testView{}
	v.add(t, snapshot.Zone{Apex: name(t, "example.")}, soa+"@ 3600 NS ns1\nns1 300 A 192.0.2.1\n")
	data := func(typ zone.Type, texts ...string) (list []zone.Rdata) {
		for _, text := range texts {
			d, err := zone.ParseRdata(typ, text, "")
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, d)
		}
		return list
	}
	sets := []zone.RRset{
		{Type: zone.TypeA, TTL: 60, Rotate: zone.RotateCyclic, Data: data(zone.TypeA, "192.0.2.10", "192.0.2.11", "192.0.2.12")},
		{Type: zone.TypeTXT, TTL: 60, Data: data(zone.TypeTXT, "a", "bb", "ccc")},
		{Type: zone.TypeAAAA, TTL: 60, Rotate: zone.RotateRandom, Data: data(zone.TypeAAAA, "2001:db8::10", "2001:db8::11", "2001:db8::12")},
	}
	one := []zone.RRset{{Type: zone.TypeA, TTL: 60, Rotate: zone.RotateCyclic, Data: data(zone.TypeA, "192.0.2.13")}}
	v.View = v.Apply(&snapshot.Delta{Names: []snapshot.NameChange{
		{Name: name(t, "one.example."), State: snapshot.Data, Sets: one},
		{Name: name(t, "wild.example."), State: snapshot.ENT},
		{Name: name(t, "*.wild.example."), State: snapshot.Data, Sets: sets},
		{Name: name(t, "www.example."), State: snapshot.Data, Sets: sets}}})
	return v
}

// firsts asks n times and gives which record came first each time, after checking that none is missing.
func firsts(t *testing.T, v View, owner string, typ uint16, n int) (list []int) {
	t.Helper()
	var all []string
	for range n {
		m := ask(t, v, facts, UDP, new(dns.Msg).SetQuestion(owner, typ))
		got := texts(m.Answer)
		if all == nil {
			all = got
		}
		if !slices.Equal(got, all) {
			t.Fatalf("%q, want %q", got, all)
		}
		list = append(list, slices.Index(all, texts(m.Answer[:1])[0]))
		for i, rr := range m.Answer { // the order goes round, it is not shuffled
			if want := all[(list[len(list)-1]+i)%len(all)]; texts([]dns.RR{rr})[0] != want {
				t.Fatalf("record %d of %v is not %s", i, m.Answer, want)
			}
		}
	}
	return list
}

// Each set goes round by itself, whatever else is asked between. Not parallel: the counters are the process's.
func TestCyclicAnswersBeginOneFurther(t *testing.T) {
	v := rotatingView(t)
	got := map[string][]int{}
	owners := []string{"www.example.", "a.wild.example."}
	for range 7 {
		for _, owner := range owners {
			got[owner] = append(got[owner], firsts(t, v, owner, dns.TypeA, 1)...)
		}
	}
	for _, owner := range owners {
		for i, first := range got[owner] {
			if want := (got[owner][0] + i) % 3; first != want {
				t.Errorf("%s: answers begin at %v", owner, got[owner])
				break
			}
		}
	}
}

func TestRandomAnswersBeginAnywhere(t *testing.T) {
	t.Parallel()
	got := firsts(t, rotatingView(t), "www.example.", dns.TypeAAAA, 200) // 200 without one of three: 2e-35
	for want := range 3 {
		if !slices.Contains(got, want) {
			t.Errorf("no answer begins at %d: %v", want, got)
		}
	}
	if slices.IsSorted(got) {
		t.Error("the order is not random")
	}
}

func TestOthersKeepTheirOrder(t *testing.T) {
	t.Parallel()
	v := rotatingView(t)
	for _, typ := range []uint16{dns.TypeTXT, dns.TypeANY} {
		m := ask(t, v, facts, UDP, new(dns.Msg).SetQuestion("www.example.", typ))
		if len(m.Answer) != 3 {
			t.Errorf("%v", m.Answer)
		}
	}
	if got := firsts(t, v, "www.example.", dns.TypeTXT, 9); slices.Max(got) != 0 {
		t.Errorf("a set without rotation begins at %v", got)
	}
	if got := firsts(t, v, "one.example.", dns.TypeA, 3); slices.Max(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A file may say that a set has more records than it has: the answer holds those there are.
func TestRotationTrustsNoCount(t *testing.T) {
	node, _ := rotatingView(t).Find([]byte("\x03www\x07example\x00"))
	liar, _ := set(node, zone.TypeA)
	for _, count := range []int{0, 1, 4, 1000} {
		liar.count = count
		for range 8 {
			head, tail := liar.rotated(zone.Root)
			if len(head.wire)+len(tail.wire) != len(liar.wire) {
				t.Errorf("%d records said: %d and %d octets of %d", count, len(head.wire), len(tail.wire), len(liar.wire))
			}
		}
	}
}

func TestRotationAllocatesNothing(t *testing.T) {
	v := rotatingView(t)
	buf := make([]byte, 0, MaxUDP)
	engine := NewEngine(Config{})
	for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		query, err := new(dns.Msg).SetQuestion("www.example.", typ).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { engine.Answer(v, facts, query, buf, UDP) }); n >= 1 {
			t.Errorf("%s: %g allocations an answer", dns.TypeToString[typ], n)
		}
	}
}
