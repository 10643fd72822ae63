package main

import (
	"bytes"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"zonecast/ci/benchzone"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// TestPlan applies releases one by one: what is served after each is what the plan says by itself.
func TestPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text bytes.Buffer
	if err := benchzone.WriteZone(&text, changing+100); err != nil {
		t.Fatal(err)
	}
	file, snap := filepath.Join(dir, "zone"), filepath.Join(dir, "snap")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems, err := (snapshot.ZoneFiles{Paths: []string{file}, Seed: snapshot.Seed{1}}).Compile(snap, nil); err != nil {
		t.Fatal(err, problems)
	}
	base, err := snapshot.Open(snap)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	view, p := snapshot.NewView(base), plan{baseEvery: 7}
	texts := func(name string) (list []string) {
		owner, err := zone.ParseName(name)
		if err != nil {
			t.Fatal(err)
		}
		node, _ := view.Lookup(owner)
		for _, set := range node.Sets {
			for _, line := range set.Lines(owner) {
				f := strings.Fields(line)
				list = append(list, f[len(f)-1])
			}
		}
		return list
	}
	for n := 1; n <= 16; n++ {
		d, err := p.delta(n)
		if err != nil {
			t.Fatal(err)
		}
		view = view.Apply(d)
		for host := range changing + 1 {
			want := p.hostAt(n, host)
			if host == changing {
				want = benchzone.Address(host)
			}
			if got := texts(benchzone.Host(host)); len(got) != 2 || got[0] != want.String() || got[1] != benchzone.Address6(host).String() {
				t.Fatalf("release %d, host %d: %v, want %v", n, host, got, want)
			}
		}
		var set []netip.Addr
		for _, text := range texts(marker) {
			set = append(set, netip.MustParseAddr(text))
		}
		if got, ok := markerNumber(set); !ok || got != n {
			t.Fatalf("release %d: marker %v", n, set)
		}
		if got := len(texts(oddName)); got != n%2 {
			t.Fatalf("release %d: %d records of the odd name", n, got)
		}
	}
}

// TestJudges wants every kind of wrong answer noticed.
func TestJudges(t *testing.T) {
	t.Parallel()
	w := &watcher{plan: plan{baseEvery: 5}, signed: new(atomic.Int64)}
	answer := func(rcode int, list ...netip.Addr) *dns.Msg {
		m := new(dns.Msg).SetQuestion("x.example.", dns.TypeA)
		m.Rcode, m.Authoritative = rcode, true
		for _, a := range list {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: "x.example.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: a.AsSlice()})
		}
		return m
	}
	mixed := markerData(7)
	mixed[2] = markerData(6)[2]
	host := func(r *dns.Msg, oldest, newest int) error { return w.judgeHost(r, 3, oldest, newest) } // changed in 3, 5, 10, 13, …
	for what, c := range map[string]struct {
		judge          func(*dns.Msg, int, int) error
		r              *dns.Msg
		oldest, newest int
		right          bool
	}{
		"marker of the oldest":  {w.judgeMarker, answer(0, markerData(6)...), 6, 7, true},
		"marker of the newest":  {w.judgeMarker, answer(0, markerData(7)...), 6, 7, true},
		"marker that went back": {w.judgeMarker, answer(0, markerData(5)...), 6, 7, false},
		"marker not signed yet": {w.judgeMarker, answer(0, markerData(8)...), 6, 7, false},
		"marker of two":         {w.judgeMarker, answer(0, mixed...), 6, 7, false},
		"marker in part":        {w.judgeMarker, answer(0, markerData(7)[:3]...), 6, 7, false},
		"marker twice":          {w.judgeMarker, answer(0, append(markerData(7)[:3], markerData(7)[0])...), 6, 7, false},
		"no marker":             {w.judgeMarker, answer(dns.RcodeNameError), 6, 7, false},
		"no marker yet":         {w.judgeMarker, answer(dns.RcodeNameError), 0, 1, true},
		"odd in an odd one":     {w.judgeOdd, answer(0, address(18, 7)), 6, 7, true},
		"odd in an even one":    {w.judgeOdd, answer(dns.RcodeNameError), 6, 7, true},
		"odd of an older one":   {w.judgeOdd, answer(0, address(18, 5)), 6, 7, false},
		"odd, which must be":    {w.judgeOdd, answer(dns.RcodeNameError), 7, 7, false},
		"host before":           {host, answer(0, benchzone.Address(3)), 2, 3, true},
		"host after":            {host, answer(0, address(19, 3)), 2, 4, true},
		"host too old":          {host, answer(0, benchzone.Address(3)), 3, 4, false},
		"host by base":          {host, answer(0, address(19, 5)), 5, 6, true},
		"host failed":           {host, answer(dns.RcodeServerFailure), 5, 6, false},
		"host twice":            {host, answer(0, address(19, 5), address(19, 5)), 5, 6, false},
	} {
		if err := c.judge(c.r, c.oldest, c.newest); (err == nil) != c.right {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSlope(t *testing.T) {
	t.Parallel()
	if got := slope([]float64{3, 5, 7, 9}); math.Abs(got-2) > 1e-9 {
		t.Errorf("slope %g", got)
	}
	if got := slope([]float64{4}); got != 0 {
		t.Errorf("slope of one value %g", got)
	}
}
