package zone

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// TestTextIsExact: of every type, what is accepted as data prints as a text that is read as the same octets.
func TestTextIsExact(t *testing.T) {
	t.Parallel()
	types := slices.Sorted(maps.Keys(dns.TypeToRR))
	telling := rapid.SampledFrom([]byte("\x00\x01\x02\x03\\\"; ()09aZ.\x7f\xff"))
	octets := rapid.SliceOfN(rapid.OneOf(telling, telling, rapid.Byte()), 1, 40)
	rapid.Check(t, func(t *rapid.T) {
		typ := Type(rapid.SampledFrom(types).Draw(t, "type"))
		raw := octets.Draw(t, "octets")
		data, err := ParseRdata(typ, genericText(Rdata(raw)), Root)
		if err != nil {
			return
		}
		readsBack(t, typ, data)
	})
}

// What the library loses, by type.
func TestTextThatWouldLoseSomething(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"CAA 00056973737565785c":               `0 issue "x\\"`,
		"CAA 000569737375655c2e31":             `0 issue "\\.1"`,
		"CAA 20020341620a":                     `32 \003A "b\010"`,
		"CAA 2002033b4312":                     `\# 6 2002033b4312`, // a comment in the tag
		"URI 000a0001613a5c":                   `10 1 "a:\\"`,
		"LOC eb2000295c5a007f5d3ff2163030015a": `\# 16 eb2000295c5a007f5d3ff2163030015a`, // south of the south pole
		"NSEC 002e0100":                        `\# 4 002e0100`,                          // an empty window
		"NULL 02ce":                            `\# 2 02ce`,
		"HIP 213a295c00000000":                 `\# 8 213a295c00000000`,
	} {
		var kind, digits string
		if _, err := fmt.Sscan(line, &kind, &digits); err != nil {
			t.Fatal(err)
		}
		typ, _ := ParseType(kind)
		raw, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		if got := RdataText(typ, Rdata(raw)); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// A record that came in a message keeps its backslashes.
func TestReceived(t *testing.T) {
	t.Parallel()
	for typ, digits := range map[uint16]string{dns.TypeCAA: "00056973737565785c", dns.TypeURI: "000a0001613a5c", dns.TypeTXT: "025c5c"} {
		raw, _ := hex.DecodeString(digits)
		rr, _, err := dns.UnpackRRWithHeader(dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(raw))}, raw, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a record may be read twice
			if data, err := RdataReceived(rr); err != nil || data != Rdata(raw) {
				t.Errorf("%s: %x, %v", digits, string(data), err)
			}
		}
	}
}

func readsBack(t *rapid.T, typ Type, data Rdata) {
	text := RdataText(typ, data)
	if again, err := ParseRdata(typ, text, Root); err != nil || again != data {
		t.Fatalf("%s %x prints as %s, which is %x, %v", typ, string(data), text, string(again), err)
	}
}
