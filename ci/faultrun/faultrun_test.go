//go:build linux && amd64

package main

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// program builds zonecast, and skips the test where a component is missing; under CI=true that is a failure.
func program(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(strings.Split(zooClasses, ":")[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v (apt-get install zookeeper)", err)
		}
		t.Skipf("%v (apt-get install zookeeper)", err)
	}
	bin := filepath.Join(t.TempDir(), "zonecast")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", bin, "zonecast/cmd/zonecast").CombinedOutput(); err != nil {
		t.Fatalf("build the binary under test: %v\n%s", err, out)
	}
	return bin
}

// passes runs a short campaign; its output is shown when something was violated.
func passes(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	ok, err := run(t.Context(), append(args, "--seed", "2026", "--entities", "400", "--query-gap", "10ms"), &out)
	if err != nil || !ok {
		t.Errorf("%v\n%s", err, &out)
	}
}

// TestKills is the short form of `ci/faults kill`.
func TestKills(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	passes(t, "kill", "--kills", "8", "--bin", program(t))
}

// The referee must see what is wrong, or a campaign shows nothing.
func TestRefereeSeesWrongAnswers(t *testing.T) {
	t.Parallel()
	fleet := newFleet(2)
	s := fleet[0]
	for _, r := range []revision{{}, {gone: true}, {}} {
		s.next(r)
	}
	answer := func(name string, rcode int, id, rev int) *dns.Msg {
		m := &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: rcode}}
		if id >= 0 {
			m.Answer = []dns.RR{&dns.AAAA{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeAAAA}, AAAA: address6(id, rev).AsSlice()}}
		}
		return m
	}
	for what, c := range map[string]struct {
		seen  int
		reply *dns.Msg
		wrong bool
		now   int
	}{
		"not there yet":              {0, answer("", dns.RcodeNameError, -1, 0), false, 0},
		"the first":                  {0, answer("", dns.RcodeSuccess, 0, 1), false, 1},
		"the newest":                 {1, answer("", dns.RcodeSuccess, 0, 3), false, 3},
		"gone after a delete":        {1, answer("", dns.RcodeNameError, -1, 0), false, 2},
		"back to an older revision":  {3, answer("", dns.RcodeSuccess, 0, 1), true, 3},
		"gone without a delete":      {3, answer("", dns.RcodeNameError, -1, 0), true, 3},
		"a revision never sent":      {1, answer("", dns.RcodeSuccess, 0, 4), true, 1},
		"the revision of a delete":   {1, answer("", dns.RcodeSuccess, 0, 2), true, 1},
		"another server's address":   {1, answer("", dns.RcodeSuccess, 1, 1), true, 1},
		"no data":                    {1, answer("", dns.RcodeSuccess, -1, 0), true, 1},
		"a failure":                  {1, answer("", dns.RcodeServerFailure, -1, 0), true, 1},
		"not there after a revision": {2, answer("", dns.RcodeNameError, -1, 0), false, 2},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			w := &world{referee: newReferee(&out)}
			p := &proxy{process: &process{name: "proxy"}, seen: map[int]int{0: c.seen}}
			w.judge(p, s, s.fqdn(), dns.TypeAAAA, c.reply)
			if (w.faults > 0) != c.wrong || p.seen[0] != c.now {
				t.Errorf("violations %d, want some: %v; seen %d, want %d\n%s", w.faults, c.wrong, p.seen[0], c.now, &out)
			}
		})
	}
}

func TestRefereeSeesVersionsGoBack(t *testing.T) {
	t.Parallel()
	at := stamp{epoch: 2, version: 10, signed: 100}
	for _, c := range []struct {
		now    stamp
		before bool
	}{
		{at, false},
		{stamp{2, 10, 101, 0}, false}, {stamp{2, 10, 99, 0}, true},
		{stamp{2, 11, 90, 0}, false}, {stamp{2, 9, 101, 0}, true},
		{stamp{3, 1, 1, 0}, false}, {stamp{1, 99, 999, 0}, true},
	} {
		if got := c.now.before(at); got != c.before {
			t.Errorf("%+v before %+v: %v", c.now, at, got)
		}
	}
	if got := headStamp("zonecast-head 1\nstream stable\nepoch 2\nversion 10\nsigned 100\n\n- key sig\n"); got != at {
		t.Errorf("head: %+v", got)
	}
}

func TestAddressesSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int{{0, 1}, {1999, 70_000}, {65535, 1 << 24}} {
		if id, rev := parse6(address6(c[0], c[1])); id != c[0] || rev != c[1] {
			t.Errorf("%v reads as %d, %d", c, id, rev)
		}
	}
	if !netip.MustParsePrefix("2001:db8::/32").Contains(address6(7, 7)) || !netip.MustParsePrefix("198.18.0.0/15").Contains(address4(7, 7)) {
		t.Error("not a documentation address")
	}
}

// A writer's answers are judged too: what was never sent before must be accepted, not ignored.
func TestRefereeSeesLostEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status      string
		tried, done bool
		wrong       bool
	}{
		{"accepted", false, false, false}, {"accepted", true, false, false}, {"ignored", true, false, false}, {"ignored", true, true, false},
		{"ignored", false, false, true}, {"refused", true, false, true}, {"held", false, false, true}, {"accepted", true, true, true},
	} {
		var out bytes.Buffer
		w := &world{referee: newReferee(&out), fleet: newFleet(1)}
		b := &batch{tried: c.tried, done: c.done}
		b.add(w.fleet[0], revision{})
		newWriter(w).judge(b, []answer{{Status: c.status}})
		if (w.faults > 0) != c.wrong {
			t.Errorf("%+v: %s", c, &out)
		}
	}
}
