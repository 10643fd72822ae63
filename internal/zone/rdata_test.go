package zone

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRdataPrintsCanonically(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, text, want string }{
		{"A", "192.0.2.1", "192.0.2.1"},
		{"AAAA", "2001:DB8:0::1", "2001:db8::1"},
		{"CNAME", "WWW.Example.", "www.example."},
		{"MX", "10 Mail.Example.", "10 mail.example."},
		{"SRV", "1 2 3 Host.example.", "1 2 3 host.example."},
		{"TXT", `"a b" c "Ä;"`, `"a b" "c" "\195\132;"`},
		{"CAA", `0 issue "ca.example.net"`, `0 issue "ca.example.net"`},
		{"NAPTR", `10 20 "u" "sip" "!^.*$!sip:x@example.org!" .`, `10 20 "u" "sip" "!^.*$!sip:x@example.org!" .`},
		{"SSHFP", "1 1 ABCDEF", "1 1 ABCDEF"},
		{"TLSA", "3 1 1 abcd", "3 1 1 abcd"},
		{"DS", "1 8 2 abcd", "1 8 2 ABCD"},
		{"LOC", "52 22 23 N 4 53 32 E -2m", "52 22 23.000 N 04 53 32.000 E -2m 1m 10000m 10m"},
		{"HTTPS", "1 . alpn=h2", `1 . alpn="h2"`},
		{"SVCB", "0 Svc.example.", "0 svc.example."},
		{"CNAME", "A\xc4\xffB.example.", `a\196\255b.example.`}, // raw octets, no UTF-8
		{"TYPE999", `\# 2 abcd`, `\# 2 abcd`},
	} {
		typ, ok := ParseType(c.typ)
		if !ok {
			t.Fatalf("type %s", c.typ)
		}
		data, err := ParseRdata(typ, c.text, "")
		if err != nil {
			t.Errorf("%s %s: %v", c.typ, c.text, err)
			continue
		}
		got := RdataText(typ, data)
		if got != c.want {
			t.Errorf("%s %s prints as %s, want %s", c.typ, c.text, got, c.want)
		}
		if again, err := ParseRdata(typ, got, ""); err != nil || again != data {
			t.Errorf("%s %s reads back as %x, %v; want %x", c.typ, got, again, err, data)
		}
	}
}

func TestRdataRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, text, want string }{
		{"A", "", "empty record data"},
		{"A", "192.0.2.1\n. 0 IN A 192.0.2.2", "must be one line"},
		{"A", "192.0.2.256", "bad A data"},
		{"A", "192.0.2.1 192.0.2.2", "garbage after rdata"},
		{"AAAA", "192.0.2.1", "bad AAAA data"},
		{"CNAME", "www", "bad CNAME"},
		{"MX", "mail.example.", "bad MX"},
		{"SRV", "1 2 70000 a.example.", "bad SRV"},
		{"A", "$INCLUDE /etc/passwd", "bad A data"},
	} {
		typ, _ := ParseType(c.typ)
		if data, err := ParseRdata(typ, c.text, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q gives %x, %v; want an error with %q", c.typ, c.text, data, err, c.want)
		}
	}
}

func TestRelativeRdata(t *testing.T) {
	t.Parallel()
	data, err := ParseRdata(TypeCNAME, "www", mustName(t, "example."))
	if err != nil || RdataText(TypeCNAME, data) != "www.example." {
		t.Fatalf("%s, %v", RdataText(TypeCNAME, data), err)
	}
}

// Unknown types are byte-exact (RFC 3597).
func TestUnknownTypesKeepTheirOctets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := Rdata(rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "data"))
		typ := Type(rapid.Uint16Range(65280, 65534).Draw(t, "private type"))
		text := RdataText(typ, data)
		if back, err := ParseRdata(typ, text, ""); err != nil || back != data {
			t.Fatalf("%s reads back as %x, %v; want %x", text, back, err, data)
		}
	})
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for typ, text := range map[string]string{"CNAME": "a.example.", "MX": "10 a.example.", "SRV": "1 2 3 a.example.", "HTTPS": "1 a.example.", "NS": "a.example."} {
		code, _ := ParseType(typ)
		data, err := ParseRdata(code, text, "")
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := Target(code, data); !ok || n.String() != "a.example." {
			t.Errorf("%s: %q, %v", typ, n, ok)
		}
	}
	if _, ok := Target(TypeA, "\x01\x02\x03\x04"); ok {
		t.Error("an address has a target")
	}
	if _, ok := Target(TypeMX, "\x00"); ok {
		t.Error("cut rdata has a target")
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Type{"a": 1, "AAAA": 28, "TYPE65280": 65280, "type1": 1, "https": 65} {
		if typ, ok := ParseType(text); !ok || typ != want {
			t.Errorf("ParseType(%q) = %d, %v", text, typ, ok)
		}
	}
	for _, text := range []string{"", "BOGUS", "TYPE", "TYPE65536", "TYPEx"} {
		if typ, ok := ParseType(text); ok {
			t.Errorf("ParseType(%q) = %d", text, typ)
		}
	}
	var typ Type
	var unknown *UnknownTypeError
	if err := typ.UnmarshalText([]byte("BOGUS")); !errors.As(err, &unknown) {
		t.Error(err)
	}
}

func TestUnion(t *testing.T) {
	t.Parallel()
	a := RRset{Type: TypeA, TTL: 300, Data: []Rdata{"\x01\x02\x03\x04", "\x05\x06\x07\x08"}}
	b := RRset{Type: TypeA, TTL: 60, Data: []Rdata{"\x00\x00\x00\x01", "\x01\x02\x03\x04"}}
	u := a.Union(b)
	if u.TTL != 60 || len(u.Data) != 3 || u.Data[0] != "\x00\x00\x00\x01" || !u.Equal(b.Union(a)) {
		t.Fatalf("%+v", u)
	}
	if u.Size() != 3*6 {
		t.Fatalf("size %d", u.Size())
	}
	if len(a.Data) != 2 || a.TTL != 300 {
		t.Fatal("the union changed its operand")
	}
}

func TestProblemText(t *testing.T) {
	t.Parallel()
	p := Problem{Check: "bad-rdata", Severity: Error, File: "zones/example.yaml", Line: 3, Column: 5, Name: "www.example.", Text: "bad A data", Fix: "write an IPv4 address"}
	if want := "zones/example.yaml:3:5: www.example.: bad A data [bad-rdata]; write an IPv4 address"; p.Error() != want {
		t.Errorf("%q, want %q", p.Error(), want)
	}
	q := p
	q.Line = 4
	if p.ComparePlace(q) >= 0 || q.ComparePlace(p) <= 0 || p.ComparePlace(p) != 0 {
		t.Error("ComparePlace")
	}
}

// TestEmptyRdata: RFC 3597 5 has data of no octets for types that nobody knows; of known ones only some may be empty.
func TestEmptyRdata(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{"TYPE731": true, "TYPE65280": true, "NULL": true, "APL": true, "A": false, "TXT": false, "MX": false,
		"NS": false, "CNAME": false, "SOA": false, "SRV": false, "DS": false, "EUI48": false, "NID": false, "HTTPS": false} {
		typ, _ := ParseType(kind)
		data, err := ParseRdata(typ, `\# 0`, Root)
		if (err == nil) != want || data != "" {
			t.Errorf("%s: %q, %v", kind, data, err)
		}
	}
}

func TestBadEscapesInData(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"\256"`, `\12x`, `\999`, `"\1"`} {
		if data, err := ParseRdata(TypeTXT, text, Root); !errors.Is(err, ErrBadEscape) {
			t.Errorf("%s: %q, %v", text, data, err)
		}
	}
}
