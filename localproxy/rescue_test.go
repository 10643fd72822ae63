package localproxy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/localproxy/live"
	"zonecast/localproxy/releasetest"
)

// from opens a copy of a publisher's base.
func from(t testing.TB, p *releasetest.Publisher) (r *live.Release, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "base")
	if err := os.WriteFile(path, p.Bases[releasetest.Start], 0o600); err != nil {
		t.Fatal(err)
	}
	snap, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return &live.Release{View: snapshot.NewView(snap), Base: live.NewBase(snap, release.Base{}, nil)}, path
}

// A session goes on when its base is cut short within a batch: SERVFAIL while there is nothing else, and an answer as
// soon as there is, for the very query that found out.
func TestABatchOutlivesItsBase(t *testing.T) {
	t.Parallel()
	p := releasetest.New(t)
	slot := &live.Slot{}
	all := &sessions{slot: slot, gate: gate(t, "loopback")}
	s := all.Session()
	query := pack(t, releasetest.Host, dns.TypeA)
	rcode := func() int {
		t.Helper()
		reply := new(dns.Msg)
		if err := reply.Unpack(s.Answer(query, nil, local)); err != nil {
			t.Fatal(err)
		}
		return reply.Rcode
	}
	broke := 0
	for _, next := range []bool{false, true} {
		r, path := from(t, p)
		r.Base.Broke = func(err error) {
			if broke++; next {
				other, _ := from(t, p)
				slot.Swap(other)
			}
		}
		slot.Swap(r)
		s.Begin()
		if got := rcode(); got != dns.RcodeSuccess {
			t.Fatalf("%s from a sound base", dns.RcodeToString[got])
		}
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		want := dns.RcodeServerFailure
		if next {
			want = dns.RcodeSuccess
		}
		for range 3 {
			if got := rcode(); got != want {
				t.Errorf("with another base there %v: %s", next, dns.RcodeToString[got])
			}
		}
		s.End()
	}
	if broke != 2 {
		t.Errorf("told %d times of two bases", broke)
	}
	slot.Swap(nil)
}

// What is no fault of the mapping is nobody's to swallow.
func TestOtherPanicsEndTheProcess(t *testing.T) {
	t.Parallel()
	r, _ := from(t, releasetest.New(t))
	slot := &live.Slot{}
	slot.Swap(r)
	defer slot.Swap(nil)
	s := (&sessions{slot: slot, gate: gate(t, "loopback")}).Session().(*session)
	s.Begin()
	defer s.End()
	s.view = nil // as a mistake would be
	defer func() {
		if recover() == nil || r.Base.Err() != nil {
			t.Error("swallowed")
		}
	}()
	defer s.rescue(nil, nil, local, new([]byte))
	_ = s.view.(*snapshot.View)
}

// BenchmarkRescue is a query's cost of being prepared for a fault.
func BenchmarkRescue(b *testing.B) {
	s := &session{}
	query := make([]byte, 40)
	for name, f := range map[string]func() []byte{
		"bare":    func() []byte { return bare(s, query) },
		"rescued": func() []byte { return rescued(s, query) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}

//go:noinline
func bare(s *session, query []byte) []byte { s.counts.dropped.Add(1); return query }

//go:noinline
func rescued(s *session, query []byte) (answered []byte) {
	defer s.rescue(query, query, local, &answered)
	s.counts.dropped.Add(1)
	return query
}
