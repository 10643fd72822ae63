package answer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// walking is a view that promises nothing, so that every name is walked to from its zone's apex.
type walking struct{ *snapshot.View }

func (w walking) Reach(apex zone.Name, wire []byte, hash uint64) (snapshot.Ref, snapshot.Reach) {
	node, _ := w.View.Reach(apex, wire, hash)
	return node, snapshot.Unsure
}

// smallName draws a name of few labels out of few, so that zones, cuts, aliases and questions meet.
func smallName(t *rapid.T, what string) string {
	labels := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "sub"}), 0, 4).Draw(t, what)
	return strings.Join(append(labels, "example."), ".")
}

// smallZone draws a zone's text: whatever may stand beside what else in a real one, and more.
func smallZone(t *rapid.T, apex string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s 60 IN SOA ns1.example. hostmaster.example. 7 7200 900 1209600 300\n%s 60 IN NS ns1.example.\n", apex, apex)
	for range rapid.IntRange(0, 8).Draw(t, "records") {
		owner, target := smallName(t, "owner"), smallName(t, "target")
		if !strings.HasSuffix(owner, apex) {
			continue
		}
		switch rapid.IntRange(0, 5).Draw(t, "type") {
		case 0:
			fmt.Fprintf(&text, "%s 60 IN NS %s\n", owner, target)
		case 1:
			fmt.Fprintf(&text, "%s 60 IN DNAME %s\n", owner, target)
		case 2:
			fmt.Fprintf(&text, "%s 60 IN CNAME %s\n", owner, target)
		case 3:
			fmt.Fprintf(&text, "%s 60 IN DS 1 8 2 0011\n", owner)
		default:
			fmt.Fprintf(&text, "%s 60 IN A 192.0.2.1\n", owner)
		}
	}
	return text.String()
}

// TestReachAnswersAsTheWalkDoes holds the one lookup that answers most questions to the walk from the apex down, over
// bases and deltas, with one engine for all questions.
func TestReachAnswersAsTheWalkDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		base := &testView{}
		base.add(t, snapshot.Zone{Apex: name(t, "example."), Timestamp: true}, smallZone(rt, "example."))
		view := base.View
		if rapid.Bool().Draw(rt, "compiled") {
			view = compiled(t, view)
			defer view.Base().Close()
		}
		if rapid.Bool().Draw(rt, "zone below") {
			over := &testView{View: view}
			over.add(t, snapshot.Zone{Apex: name(t, "sub.example.")}, smallZone(rt, "sub.example."))
			view = over.View
		}
		direct, walked := NewEngine(Config{}), NewEngine(Config{})
		for range 20 {
			asked := rapid.SampledFrom([]string{"", "", "_timestamp."}).Draw(rt, "above") + smallName(rt, "asked")
			typ := rapid.SampledFrom([]uint16{dns.TypeA, dns.TypeNS, dns.TypeDS, dns.TypeCNAME, dns.TypeDNAME, dns.TypeANY, dns.TypeTXT}).Draw(rt, "asked type")
			query, err := new(dns.Msg).SetQuestion(asked, typ).SetEdns0(1232, rapid.Bool().Draw(rt, "do")).Pack()
			if err != nil {
				rt.Fatal(err)
			}
			got, outcome := direct.Answer(view, facts, query, nil, UDP)
			want, wanted := walked.Answer(walking{view}, facts, query, nil, UDP)
			if outcome != wanted || !bytes.Equal(got, want) {
				rt.Fatalf("%s %s: %v\n% x, walked: %v\n% x", asked, dns.TypeToString[typ], outcome, got, wanted, want)
			}
		}
	})
}

// compiled writes a view to a file and opens it.
func compiled(t *testing.T, v *snapshot.View) *snapshot.View {
	t.Helper()
	path := t.TempDir() + "/view.snap"
	if _, err := v.Compile(snapshot.Seed{7}, path); err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.NewView(s)
}
