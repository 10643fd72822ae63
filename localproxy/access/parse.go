package access

import (
	"fmt"
	"net/netip"
)

// The words that stand for networks in a list.
const (
	Loopback = "loopback" // 127.0.0.0/8 and ::1
	Host     = "host"     // the addresses that this host has at the time
)

// maxEntries bounds a list. A list of that length is a firewall's work.
const maxEntries = 10_000

// Rules are a list of networks as it was read.
type Rules struct {
	prefixes []netip.Prefix
	host     bool
}

var loopbacks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Parse reads networks ("192.0.2.0/24"), addresses and the two words. An error names the entry, counted from 1.
func Parse(list []string) (Rules, error) {
	r := Rules{}
	if len(list) > maxEntries {
		return r, fmt.Errorf("%d entries, more than %d", len(list), maxEntries)
	}
	for i, text := range list {
		switch text {
		case Loopback:
			r.prefixes = append(r.prefixes, loopbacks...)
			continue
		case Host:
			r.host = true
			continue
		}
		p, err := parseOne(text)
		if err != nil {
			return r, fmt.Errorf("entry %d: %w", i+1, err)
		}
		r.prefixes = append(r.prefixes, p)
	}
	return r, nil
}

func parseOne(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q: leave the zone %q out; it is not compared", text, "%"+addr.Zone())
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is no network (192.0.2.0/24, 2001:db8::/32), no address, and neither %s nor %s", text, Loopback, Host)
	case p.Addr().Is4In6():
		return p, fmt.Errorf("%q: write IPv4 networks as such, like 192.0.2.0/24", text)
	case p != p.Masked(): // one of the two is a slip, and only its writer knows which
		return p, fmt.Errorf("%q has bits set beyond its length: %s, or %s/%d?", text, p.Masked(), p.Addr(), p.Addr().BitLen())
	}
	return p, nil
}
