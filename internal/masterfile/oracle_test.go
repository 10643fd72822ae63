package masterfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// byOracle reads a whole text with miekg/dns alone, as far as it goes. Only the words beside a line end in parentheses are parted for it.
func byOracle(text string) (records []string, err error) {
	parser := dns.NewZoneParser(strings.NewReader(string(spaced([]byte(text)))+"\n\n"), "example.", "")
	owner := zone.Name("")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		h := rr.Header()
		if owner, err = zone.ParseName(h.Name); err != nil {
			return records, err
		}
		data, err := rdata(rr, []byte(text))
		if err != nil {
			return records, err
		}
		records = append(records, fmt.Sprintf("%s %d %s %x", owner, h.Ttl, zone.Type(h.Rrtype), string(data)))
	}
	return records, parser.Err()
}

// ours reads it with this package, in blocks of a size.
func ours(text string, block int) (records []string, problems []zone.Problem) {
	p := &parser{given: "x", give: func(r *Record) {
		records = append(records, fmt.Sprintf("%s %d %s %x", zone.Name(r.Name), r.TTL, r.Type, r.Data))
	}, report: func(p zone.Problem) { problems = append(problems, p) }}
	p.read(&frame{in: newInput(strings.NewReader(text), block), path: "/x", shown: "x", origin: []byte("\x07example\x00")})
	return records, problems
}

// compare holds both readers to the same records, or both to refuse; before what is refused the records are the same.
func compare(t interface{ Fatalf(string, ...any) }, text string, block int) {
	if zone.CheckEscapes(text) != nil {
		return // miekg/dns takes them for something else
	}
	want, err := byOracle(text)
	got, problems := ours(text, block)
	if slices.ContainsFunc(problems, func(p zone.Problem) bool { return strings.HasPrefix(p.Text, "the entry ends too early") }) {
		return // an entry that ends too early; miekg/dns goes on in the next line in some places
	}
	if err == nil && len(problems) > 0 || err != nil && len(problems) == 0 {
		t.Fatalf("miekg/dns: %v; here: %v; of\n%q", err, problems, text)
	}
	if err != nil { // miekg/dns may give a record of the entry that it then refuses
		n := min(len(got), max(len(want)-1, 0))
		got, want = got[:n], want[:n]
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("records\n%s\nwant\n%s\nof\n%q", strings.Join(got, "\n"), strings.Join(want, "\n"), text)
	}
}

var fragments = []string{
	"www", "@", "a.b", "a.b.example.net.", "*", "_http._tcp", "EXAMPLE.", ".", "a..b", `a\.b`, `a\046`, strings.Repeat("x", 63), strings.Repeat("x", 64), "-",
	strings.Repeat("abcdefg.", 31), "in-addr", "$", "a$", "\"q\"", "\x01",
	"60", "0", "1h30m", "4294967295", "2147483648", "99999999999", "007", "IN", "in", "CH", "CLASS1", "TYPE1", "TYPE65280",
	"A", "a", "AAAA", "aaaa", "PTR", "CNAME", "NS", "MX", "SRV", "TXT", "SOA", "DS", "HINFO", "CAA", "Txt", "SVCB", "NAPTR", "DNAME",
	"192.0.2.1", "192.0.2", "192.0.2.256", "192.0.02.1", "192.0.2.1.", "2001:db8::1", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:192.0.2.1", "1::2::3", "2001:db8::g",
	"2001:DB8::aB", "10", "65535", "65536", `"a b"`, `""`, `"a;b"`, `"a\"b"`, `"a\\"`, `"\200"`, `"` + strings.Repeat("y", 256) + `"`, "word", `\# 4 c0000201`, "( 10", ")", "(\n", "\n)", "; comment", ";", "\"", "\\",
	"$TTL 300", "$ORIGIN sub", "$ORIGIN .", "$ORIGIN other.example.", "$TTL x", "$BAD", "ns1 hostmaster 1 7200 3600 1209600 300", "1 . alpn=h2", "0 issue \"ca.example\"",
}

var templates = []string{
	"www IN A 192.0.2.1\n", "www AAAA 2001:db8::1\n", "  60 IN TXT \"x\"\n", "\tA 192.0.2.7\n", "h IN 60 SRV 1 2 3 target\n", "mx MX 10 mail.example.net.\n",
	"p.q 60 PTR www ; c\n", "@ NS ns1\r\n", "t TXT \"a;b\" \"c\"\n", "t TXT (\n \"a\" ; one\n \"b\" )\n", "g TYPE65280 \\# 2 abcd\n", "s SOA ns1 h 1 2 3 4 5\n",
	"\n", "   \n", "; comment (\n", "$TTL 1h\n", "$ORIGIN deep\n", "$ORIGIN example.\n", "c 5 IN CNAME @\n", "x IN 5 DS 1 8 2 abcd\n", "UPPER.Case a 192.0.2.9", "  ; only\n",
}

func drawZone(t *rapid.T) string {
	blank := rapid.SampledFrom([]string{" ", "\t", "  ", " \t", "\n", "\r\n", "", "\n "})
	var b strings.Builder
	if rapid.Bool().Draw(t, "ttl") {
		b.WriteString("$TTL 77\n")
	}
	for range rapid.IntRange(1, 8).Draw(t, "entries") {
		if rapid.IntRange(0, 3).Draw(t, "kind") > 0 {
			b.WriteString(rapid.SampledFrom(templates).Draw(t, "entry"))
			continue
		}
		for range rapid.IntRange(1, 7).Draw(t, "fragments") {
			b.WriteString(rapid.SampledFrom(fragments).Draw(t, "fragment"))
			b.WriteString(blank.Draw(t, "blank"))
		}
		b.WriteString(rapid.SampledFrom([]string{"\n", "\r\n", "", " ; end\n"}).Draw(t, "end"))
	}
	text := []byte(b.String())
	for range rapid.IntRange(0, 2).Draw(t, "mutations") {
		if len(text) == 0 {
			break
		}
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		if rapid.Bool().Draw(t, "cut") {
			text = append(text[:at], text[at+1:]...)
		} else {
			text[at] = rapid.SampledFrom([]byte(" \t\n\r;\"()\\.$@aA0:\x00\x7f")).Draw(t, "octet")
		}
	}
	return string(text)
}

// comparable leaves out files and what TestGenerate has, and octets past ASCII, which miekg/dns takes for UTF-8 in data.
func comparable(text string) bool {
	if strings.ContainsFunc(text, func(c rune) bool { return c > 0x7f }) {
		return false
	}
	return !bytes.Contains(bytes.ToUpper([]byte(text)), []byte("$GENERATE")) && !bytes.Contains(bytes.ToUpper([]byte(text)), []byte("$INCLUDE"))
}

// TestAgainstMiekg: whatever the text, both readers find the same records, or refuse it both.
func TestAgainstMiekg(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		compare(rt, drawZone(rt), rapid.SampledFrom([]int{1, 7, 64, 4096}).Draw(rt, "block"))
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range templates {
		f.Add("$TTL 5\n"+s, uint8(9))
	}
	f.Fuzz(func(t *testing.T, text string, block uint8) {
		if len(text) < 1<<16 && comparable(text) {
			compare(t, text, int(block)+1)
		}
	})
}
