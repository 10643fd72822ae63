package export

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// unoctal reads a field as tinydns-data does (txtparse.c, dns_dfd.c): up to three octal digits after a backslash.
func unoctal(t interface{ Fatalf(string, ...any) }, text string) []byte {
	var out []byte
	for i := 0; i < len(text); {
		c := text[i]
		i++
		if c == ':' || c == '\n' {
			t.Fatalf("%q: a field ends early", text)
		}
		if c == '\\' {
			value, digits := 0, 0
			for ; digits < 3 && i < len(text) && '0' <= text[i] && text[i] <= '7'; digits++ {
				value = value*8 + int(text[i]-'0')
				i++
			}
			if digits == 0 {
				t.Fatalf("%q: a backslash before something else", text)
			}
			c = byte(value)
		}
		out = append(out, c)
	}
	return out
}

// undotted reads a name as tinydns-data does: dots outside of escapes part labels.
func undotted(t interface{ Fatalf(string, ...any) }, text string) zone.Name {
	var wire []byte
	for label := range strings.SplitSeq(text, ".") {
		if octets := unoctal(t, label); len(octets) > 0 {
			wire = append(append(wire, byte(len(octets))), octets...)
		}
	}
	return zone.Name(append(wire, 0))
}

func anyName(t *rapid.T) zone.Name {
	n := zone.Root
	for range rapid.IntRange(0, 4).Draw(t, "labels") {
		label := rapid.SliceOfN(rapid.Byte(), 1, 12).Draw(t, "label")
		child, err := n.Child(string(label))
		if err != nil {
			t.Fatal(err)
		}
		n = child
	}
	return n
}

func TestTinyDNSEscapes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := anyName(t)
		for _, text := range []string{dotted(n), whole(n)} {
			if back := undotted(t, text); back != n {
				t.Fatalf("%s became %q and then %s", n, text, back)
			}
		}
		if !strings.Contains(whole(n), ".") {
			t.Fatalf("%q would be put before the owner", whole(n))
		}
		d := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		if back := unoctal(t, octal(d)); string(back) != string(d) {
			t.Fatalf("%q became %q", d, back)
		}
	})
}

// sameLocalData holds a line of local data to Unbound's lexer (an apostrophe ends the word, nothing is an escape) and
// then to RFC 1035.
func sameLocalData(t interface {
	Fatalf(string, ...any)
	Helper()
}, owner zone.Name, s zone.RRset, d zone.Rdata) {
	t.Helper()
	word := quoted(localData(owner, s, d))
	inner := word[1 : len(word)-1]
	if word[0] != '\'' || word[len(word)-1] != '\'' || strings.ContainsAny(inner, "'\n\r") {
		t.Fatalf("%q is no word of unbound.conf", word)
	}
	rr, err := dns.NewRR(inner)
	if err != nil || rr == nil {
		t.Fatalf("%q: %v", inner, err)
	}
	back, err := zone.RdataRead(rr, inner)
	if err != nil {
		t.Fatalf("%q: %v", inner, err)
	}
	if n, err := zone.ParseName(rr.Header().Name); err != nil || n != owner || back != d || rr.Header().Ttl != s.TTL || rr.Header().Rrtype != uint16(s.Type) {
		t.Fatalf("%s %s %x became %q: %s %x, %v", owner, s.Type, d, inner, n, back, err)
	}
}

func TestLocalDataEscapes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		owner := anyName(t)
		text := rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "text")
		sameLocalData(t, owner, zone.RRset{Type: zone.TypeTXT, TTL: 5}, zone.Rdata(append([]byte{byte(len(text))}, text...)))
		sameLocalData(t, owner, zone.RRset{Type: zone.TypeCNAME, TTL: 0}, zone.Rdata(anyName(t)))
		sameLocalData(t, owner, zone.RRset{Type: 65280, TTL: zone.MaxTTL}, zone.Rdata(text))
	})
}

func TestHostNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := anyName(t)
		text, ok := hostname(n)
		if ok && (strings.ContainsAny(text, " \t#\n\\") || text == "") {
			t.Fatalf("%s became %q", n, text)
		}
		if back, err := zone.ParseName(text + "."); ok && (err != nil || back != n) {
			t.Fatalf("%s became %q: %v", n, text, err)
		}
	})
}

// FuzzEscapes takes any octets as a name and as data of any type through every format's way of writing them.
func FuzzEscapes(f *testing.F) {
	f.Add([]byte("\x03www\x07example\x00"), uint16(16), []byte("\x03a;b\x04'c\\\""))
	f.Add([]byte("\x01'\x03a.b\x00"), uint16(5), []byte("\x02:\x80\x00"))
	f.Add([]byte("\x00"), uint16(28), []byte{1})
	f.Fuzz(func(t *testing.T, wire []byte, kind uint16, d []byte) {
		n, _, err := zone.NameFromWire(wire)
		if err != nil || len(d) > 4096 {
			return
		}
		if back := undotted(t, dotted(n)); back != n {
			t.Fatalf("%s became %s", n, back)
		}
		if back := unoctal(t, octal(d)); string(back) != string(d) {
			t.Fatalf("%q became %q", d, back)
		}
		if text, ok := hostname(n); ok {
			if _, err := netip.ParseAddr(text); err == nil && strings.Contains(text, ":") {
				t.Fatalf("%q is an address", text)
			}
		}
		if rr, err := zone.RR(n, zone.Type(kind), 1, zone.Rdata(d)); err == nil { // what a snapshot can hold
			if same, err := zone.RdataOf(rr); err == nil && string(same) == string(d) {
				sameLocalData(t, n, zone.RRset{Type: zone.Type(kind), TTL: 1}, zone.Rdata(d))
			}
		}
	})
}
