package zone

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// TestAddressesAreReadAndWrittenAsByTheParser: the short way says what the long one says, or leaves it to that.
func TestAddressesAreReadAndWrittenAsByTheParser(t *testing.T) {
	t.Parallel()
	long := func(typ Type, text string) (Rdata, error) {
		rr, err := dns.NewRR(". 0 IN " + typ.String() + " " + text)
		if err != nil {
			return "", err
		}
		return RdataOf(rr)
	}
	check := func(t interface{ Fatalf(string, ...any) }, typ Type, text string) {
		if got, ok := parseAddress(typ, text); ok {
			if want, err := long(typ, text); err != nil || want != got {
				t.Fatalf("%s %s: %x, want %x %v", typ, text, got, want, err)
			}
		}
	}
	for _, text := range []string{"192.0.2.1", "192.0.2.01", "192.0.2", "2001:db8::", "2001:DB8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "::192.0.2.1", "", "::"} {
		check(t, TypeA, text)
		check(t, TypeAAAA, text)
	}
	if _, ok := parseAddress(TypeA, "192.0.2.1"); !ok {
		t.Error("an address goes the long way")
	}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]Type{TypeA, TypeAAAA}).Draw(t, "type")
		size := map[Type]int{TypeA: 4, TypeAAAA: 16}[typ]
		s := RRset{Type: typ, TTL: rapid.Uint32().Draw(t, "ttl")}
		for range rapid.IntRange(0, 3).Draw(t, "values") {
			d := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 1, 0x20, 0xff}), size, size).Draw(t, "data")
			s.Data = append(s.Data, Rdata(d))
		}
		rr := make([]string, len(s.Data))
		for i, d := range s.Data {
			r, err := RR(Root, typ, 0, d)
			if err != nil {
				t.Fatal(err)
			}
			rr[i] = r.String()[strings.LastIndexByte(r.String(), '\t')+1:]
			if RdataText(typ, d) != rr[i] {
				t.Fatalf("%s, want %s", RdataText(typ, d), rr[i])
			}
			check(t, typ, rr[i])
		}
		want, err := json.Marshal(setJSON{Type: s.Type, TTL: s.TTL, Data: rr})
		got, err2 := json.Marshal(s)
		if err != nil || err2 != nil || string(got) != string(want) {
			t.Fatalf("%s %v, want %s %v", got, err2, want, err)
		}
	})
}
