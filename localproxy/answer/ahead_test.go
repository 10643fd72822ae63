package answer

import (
	"bytes"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/snapshot"
)

// large is a view for which looking ahead is always worth it, and that counts what is warmed.
type large struct {
	*snapshot.View
	warmed *int
}

func (l large) Large() bool { return true }

func (l large) Warm(hashes []uint64) {
	*l.warmed += len(hashes)
	l.View.Warm(hashes)
}

// TestAheadChangesNoAnswer looks ahead at batches in which queries repeat, are damaged, or come in another order than the
// answers, and holds the answers to those of an engine that never looks ahead.
func TestAheadChangesNoAnswer(t *testing.T) {
	t.Parallel()
	base := exampleView(t).View
	names := []string{"www.example.", "WWW.example.", "x.sub.example.", "x.old.example.", "alias.example.", "nope.example.", "x.wild.example.", "."}
	rapid.Check(t, func(rt *rapid.T) {
		warmed := 0
		view := large{base, &warmed}
		var batch [][]byte
		for range rapid.IntRange(0, MaxAhead+5).Draw(rt, "size") {
			query, err := new(dns.Msg).SetQuestion(rapid.SampledFrom(names).Draw(rt, "name"), dns.TypeA).Pack()
			if err != nil {
				rt.Fatal(err)
			}
			batch = append(batch, query[:rapid.SampledFrom([]int{len(query), len(query), len(query), 3, 14}).Draw(rt, "cut")])
		}
		foresighted, plain := NewEngine(Config{}), NewEngine(Config{})
		foresighted.Ahead(view, batch)
		if want := 0; len(batch) < minAhead && warmed != want || warmed > min(len(batch), MaxAhead) {
			rt.Fatalf("%d names warmed of %d", warmed, len(batch))
		}
		asked := rapid.Permutation(batch).Draw(rt, "asked")
		if rapid.Bool().Draw(rt, "in order") {
			asked = batch
		}
		for _, query := range asked {
			got, outcome := foresighted.Answer(view, facts, query, nil, UDP)
			want, wanted := plain.Answer(base, facts, query, nil, UDP)
			if outcome != wanted || !bytes.Equal(got, want) {
				rt.Fatalf("% x: % x, want % x", query, got, want)
			}
		}
	})
}

// hashed counts the names that are hashed.
type hashed struct {
	large
	names *int
}

func (h hashed) Hash(wire []byte) uint64 {
	*h.names++
	return h.large.Hash(wire)
}

// TestAbsentNamesSpendNoForesight answers a name that takes several lookups, and those behind it in the batch are still known.
func TestAbsentNamesSpendNoForesight(t *testing.T) {
	t.Parallel()
	view := hashed{large{exampleView(t).View, new(int)}, new(int)}
	var batch [][]byte
	for _, name := range []string{"nope.example.", "www.example.", "ns1.example.", "www.example."} {
		query, err := new(dns.Msg).SetQuestion(name, dns.TypeA).Pack()
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, query)
	}
	e := NewEngine(Config{})
	e.Ahead(view, batch)
	e.Answer(view, facts, batch[0], nil, UDP)
	before := *view.names
	for _, query := range batch[1:] {
		e.Answer(view, facts, query, nil, UDP)
	}
	if again := *view.names - before; again != 0 {
		t.Errorf("%d names hashed again", again)
	}
}

// TestAheadIsOfOneView answers from another base than was looked ahead in: its hashes are others.
func TestAheadIsOfOneView(t *testing.T) {
	t.Parallel()
	one, other := large{exampleView(t).View, new(int)}, compiled(t, exampleView(t).View)
	defer other.Base().Close()
	query, err := new(dns.Msg).SetQuestion("www.example.", dns.TypeA).Pack()
	if err != nil {
		t.Fatal(err)
	}
	engine := NewEngine(Config{})
	engine.Ahead(one, [][]byte{query, query, query})
	if engine.ahead.count != 3 || engine.ahead.names[0].hash == other.Hash([]byte("\x03www\x07example\x00")) {
		t.Fatal("nothing to mix up")
	}
	if got, outcome := engine.Answer(other, facts, query, nil, UDP); outcome.Rcode != dns.RcodeSuccess {
		t.Errorf("% x", got)
	}
	if engine.Forget(); engine.ahead.view != nil {
		t.Error("a view is held on to after the batch")
	}
}
