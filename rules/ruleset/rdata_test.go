package ruleset

import (
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

var fastTypes = []string{"A", "AAAA", "CNAME", "PTR", "NS", "DNAME", "MX", "SRV"}

// Whatever the fast paths accept, the zone-file parser reads as the same octets.
func TestFastRdataIsParseRdata(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(
		rapid.StringMatching(`[0-9a-fA-F:.]{0,20}`),
		rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,3}){3}`),
		rapid.StringMatching(`([A-Za-z0-9_-]{0,5}\.){0,4}[a-z*\\@]?`),
		rapid.StringMatching(`[0-9]{1,6} [0-9]{1,5} [0-9]{1,5} ([a-zA-Z0-9_-]{1,4}\.){0,3}`),
		rapid.StringMatching(`[0-9]{1,6} {1,2}([a-z_-]{1,40}\.){0,8}`),
		rapid.StringMatching(`([a-z]{60,64}\.){1,5}`),
		rapid.StringMatching(`(::|([0-9a-f]{1,4}:){1,7})([0-9a-f]{0,4}|192\.0\.2\.1)`),
		rapid.StringMatching(`::[fF]{4}:(192\.0\.2\.[0-9]{1,3}|c000:2[0-9]{2})(%eth0)?`),
		rapid.StringMatching(`0{0,6}[0-9] 0{0,2}[0-9]{1,6} 0[0-9] a\.`),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		typ, _ := zone.ParseType(rapid.SampledFrom(fastTypes).Draw(t, "type"))
		sameRdata(t, typ, text.Draw(t, "text"))
	})
}

type failer interface{ Fatalf(string, ...any) }

func sameRdata(t failer, typ zone.Type, text string) {
	fast, ok := fastRdata(typ, []byte(text))
	if !ok {
		return
	}
	want, err := zone.ParseRdata(typ, text, "")
	if err != nil || fast != want {
		t.Fatalf("%s %q: fast %q, parser %q, %v", typ, text, fast, want, err)
	}
}

// The usual forms do take the fast path.
func TestFastRdataTakesTheUsual(t *testing.T) {
	t.Parallel()
	for typ, text := range map[string]string{
		"A": "192.0.2.10", "AAAA": "2001:db8::1", "CNAME": "a.example.", "PTR": "Web-1.example.", "NS": "ns1.example.", "DNAME": "d.example.",
		"MX": "10 mx_1.example.", "SRV": "0 65535 443 web.example.",
	} {
		parsed, _ := zone.ParseType(typ)
		if _, ok := fastRdata(parsed, []byte(text)); !ok {
			t.Errorf("%s %s is read slowly", typ, text)
		}
		sameRdata(t, parsed, text)
	}
}

func TestParseNameIsZoneParseName(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.StringMatching(`([A-Za-z0-9_*-]{0,5}\.){0,5}[a-z\\]?`), rapid.StringMatching(`([a-z]{55,64}\.){1,5}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		text := text.Draw(t, "text")
		got, gotErr := parseName([]byte(text))
		want, wantErr := zone.ParseName(text)
		if got != want || (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%q: %q %v, want %q %v", text, got, gotErr, want, wantErr)
		}
	})
}

func FuzzFastRdata(f *testing.F) {
	for i, text := range []string{"192.0.2.1", "2001:db8::1", "a.example.", "10 a.example.", "0 0 443 a.example.", "::ffff:192.0.2.1"} {
		f.Add(byte(i), text)
	}
	f.Fuzz(func(t *testing.T, typ byte, text string) {
		parsed, _ := zone.ParseType(fastTypes[int(typ)%len(fastTypes)])
		sameRdata(t, parsed, text)
	})
}
