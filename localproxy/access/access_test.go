package access

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestWhoBelongs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list    []string
		in, out []string
	}{
		{nil, nil, []string{"127.0.0.1", "::1", "192.0.2.1"}},
		{[]string{Loopback}, []string{"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}, []string{"128.0.0.0", "126.255.255.255", "::2", "::"}},
		{[]string{"192.0.2.0/24", "192.0.3.0/25"}, []string{"192.0.2.0", "192.0.3.127", "::ffff:192.0.2.9"}, []string{"192.0.1.255", "192.0.3.128", "::192.0.2.9"}},
		{[]string{"192.0.2.7"}, []string{"192.0.2.7"}, []string{"192.0.2.6", "192.0.2.8"}},
		{[]string{"2001:db8::/32", "2001:db8:1::/48"}, []string{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"}, []string{"2001:db7:ffff::", "2001:db9::", "32.1.13.184"}},
		{[]string{"2001:db8::4:0/112"}, []string{"2001:db8::4:ffff"}, []string{"2001:db8::3:ffff", "2001:db8::5:0"}},
		{[]string{"fe80::1"}, []string{"fe80::1%eth0", "fe80::1"}, []string{"fe80::2%eth0"}},
		{[]string{"0.0.0.0/0"}, []string{"0.0.0.0", "255.255.255.255"}, []string{"::", "2001:db8::1"}},
		{[]string{"::/0", "2001:db8::/32"}, []string{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, []string{"192.0.2.1"}},
	} {
		rules, err := Parse(c.list)
		if err != nil {
			t.Fatal(err)
		}
		set := NewSet(rules.prefixes)
		for _, in := range c.in {
			if !set.Has(netip.MustParseAddr(in)) {
				t.Errorf("%q does not have %s", c.list, in)
			}
		}
		for _, out := range c.out {
			if set.Has(netip.MustParseAddr(out)) {
				t.Errorf("%q has %s", c.list, out)
			}
		}
		if set.Has(netip.Addr{}) {
			t.Errorf("%q has no address at all", c.list)
		}
	}
}

// A set says what its networks say one by one.
func TestSetIsTheUnionOfItsNetworks(t *testing.T) {
	t.Parallel()
	addr := rapid.Custom(func(t *rapid.T) netip.Addr {
		tail := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 127, 128, 255}), 2, 2).Draw(t, "tail")
		if rapid.Bool().Draw(t, "four") {
			return netip.AddrFrom4([4]byte{192, 0, tail[0], tail[1]})
		}
		b := [16]byte{0x20, 0x01, 0x0d, 0xb8, 6: tail[0], 15: tail[1]}
		return netip.AddrFrom16(b)
	})
	rapid.Check(t, func(t *rapid.T) {
		networks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) netip.Prefix {
			a := addr.Draw(t, "network")
			return netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits")).Masked()
		}), 0, 12).Draw(t, "networks")
		set := NewSet(networks)
		for range 20 {
			a := addr.Draw(t, "addr")
			want := false
			for _, n := range networks {
				want = want || n.Contains(a)
			}
			if got := set.Has(a); got != want {
				t.Fatalf("%v has %s: %t", networks, a, got)
			}
		}
	})
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 "is no network",
		"lo":               "neither loopback nor host",
		"192.0.2.0/33":     "is no network",
		"192.0.2.1/24":     "192.0.2.0/24, or 192.0.2.1/32?",
		"::ffff:0:0/96":    "write IPv4 networks as such",
		"fe80::1%eth0":     `leave the zone "%eth0" out`,
		"192.0.2.0-64":     "is no network",
		"web.example.":     "is no network",
		"2001:db8::/32 ":   "is no network",
		"192.0.2.0/24,::1": "is no network",
	} {
		_, err := Parse([]string{Loopback, text})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "entry 2: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Parse(make([]string, maxEntries+1)); err == nil {
		t.Error("a list without bounds")
	}
}

// interfaces stands for those of a host whose addresses change.
type interfaces struct {
	mu    sync.Mutex
	own   []netip.Addr
	fault error
}

func (i *interfaces) addresses() ([]netip.Addr, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.own), i.fault
}

func (i *interfaces) become(fault error, own ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.own, i.fault = nil, fault
	for _, text := range own {
		i.own = append(i.own, netip.MustParseAddr(text))
	}
}

func TestTheHostsOwnAddressesCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules, err := Parse([]string{Host, "198.51.100.0/24"})
		if err != nil {
			t.Fatal(err)
		}
		var host interfaces
		host.become(nil, "192.0.2.5")
		g, err := newGate(rules, host.addresses)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go g.Run(ctx, slog.New(slog.DiscardHandler))
		has := func(addr string) bool { return g.Set().Has(netip.MustParseAddr(addr)) }
		later := func() { time.Sleep(rereadEvery); synctest.Wait() }
		if !has("192.0.2.5") || has("192.0.2.6") || !has("198.51.100.9") || has("127.0.0.1") {
			t.Error("the first set is wrong")
		}
		first := g.Set()
		if later(); g.Set() != first {
			t.Error("compiled anew without a change")
		}
		host.become(nil, "192.0.2.6", "2001:db8::6")
		if later(); has("192.0.2.5") || !has("192.0.2.6") || !has("2001:db8::6") || !has("198.51.100.9") {
			t.Error("a new address does not count, or an old one does")
		}
		host.become(errors.New("no netlink"))
		if later(); !has("192.0.2.6") {
			t.Error("an address was forgotten because it could not be read")
		}
		cancel()
		synctest.Wait()
	})
}

func TestWithoutTheWordHostNothingIsRead(t *testing.T) {
	t.Parallel()
	rules, _ := Parse([]string{Loopback})
	g, err := newGate(rules, func() ([]netip.Addr, error) { return nil, errors.New("must not be asked") })
	if err != nil {
		t.Fatal(err)
	}
	g.Run(t.Context(), slog.New(slog.DiscardHandler)) // returns at once
}

func TestThisHostsAddresses(t *testing.T) {
	t.Parallel()
	rules, _ := Parse([]string{Host})
	g, err := NewGate(rules)
	if err != nil {
		t.Fatal(err)
	}
	if !g.Set().Has(netip.MustParseAddr("127.0.0.1")) {
		t.Error("the loopback interface's address is not among the host's")
	}
}

func BenchmarkHas(b *testing.B) {
	list := []string{Loopback}
	for i := range 1000 {
		list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 4), byte(i << 4), 0}), 24).String())
	}
	rules, err := Parse(list)
	if err != nil {
		b.Fatal(err)
	}
	set := NewSet(rules.prefixes)
	for _, addr := range []string{"127.0.0.1", "10.30.32.7", "192.0.2.1", "::1"} {
		a := netip.MustParseAddr(addr)
		b.Run(addr, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				set.Has(a)
			}
		})
	}
}
