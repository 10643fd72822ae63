package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/zone"
)

func lines(zones []*Zone) string {
	var b strings.Builder
	for _, z := range zones {
		fmt.Fprintf(&b, "; %s %d\n", z.Apex, z.Serial)
		for owner, sets := range z.All() {
			for _, s := range sets {
				b.WriteString(strings.Join(s.Lines(owner), "\n") + "\n")
			}
		}
	}
	return b.String()
}

func problems(r *Reading) string {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s:%d %s\n", filepath.Base(p.File), p.Line, p.Check)
	}
	return b.String()
}

// Every kind of line, with the defaults and names that tinydns-data gives them.
func TestTinyDNS(t *testing.T) {
	t.Parallel()
	r := &Reading{}
	r.TinyDNS(strings.NewReader(`# a comment
-old.example.com:192.0.2.1
.example.com:192.0.2.53:a
.example.com::b.ns.example.net:60
&child.example.com:192.0.2.54:a
=www.example.com:192.0.2.80
+*.web.example.com:192.0.2.81:300
@example.com:192.0.2.25:a:10
@example.com::mail.example.net.
'example.com:a\072b \\ c`+strings.Repeat("x", 130)+`
^p.example.com:www.example.com
CC.Example.COM:WWW.example.com:60
:g.example.com:65280:\001\377
3v6.example.com:20010db8000000000000000000000001
Sx._tcp.example.com:192.0.2.7:a:5060:10:20:60
Nn.example.com:100:10:U:E2U+sip:!^.*$!sip\072info@example.com!:
+began.example.com:192.0.2.9::4000000038af1379
+ended.example.com:192.0.2.9:0:4000000038af1379
.2.0.192.in-addr.arpa::ns1.example.com.
Zexample.org:ns.example.net:dns.example.net:7:1:2:3:4:5
&example.org::ns.example.net
`), "data", time.Unix(1800000000, 0))
	want := `; 2.0.192.in-addr.arpa. 1
2.0.192.in-addr.arpa. 259200 NS ns1.example.com.
2.0.192.in-addr.arpa. 2560 SOA ns1.example.com. hostmaster.2.0.192.in-addr.arpa. 1 16384 2048 1048576 2560
80.2.0.192.in-addr.arpa. 86400 PTR www.example.com.
; example.com. 1
example.com. 60 NS a.ns.example.com.
example.com. 60 NS b.ns.example.net.
example.com. 2560 SOA a.ns.example.com. hostmaster.example.com. 1 16384 2048 1048576 2560
example.com. 86400 MX 0 mail.example.net.
example.com. 86400 MX 10 a.mx.example.com.
example.com. 86400 TXT "a:b \\ c` + strings.Repeat("x", 120) + `" "` + strings.Repeat("x", 10) + `"
x._tcp.example.com. 60 SRV 10 20 5060 a.srv.x._tcp.example.com.
a.srv.x._tcp.example.com. 60 A 192.0.2.7
began.example.com. 86400 A 192.0.2.9
c.example.com. 60 CNAME www.example.com.
child.example.com. 259200 NS a.ns.child.example.com.
a.ns.child.example.com. 259200 A 192.0.2.54
g.example.com. 86400 TYPE65280 \# 2 01ff
a.mx.example.com. 86400 A 192.0.2.25
n.example.com. 86400 NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .
a.ns.example.com. 259200 A 192.0.2.53
p.example.com. 86400 PTR www.example.com.
v6.example.com. 86400 AAAA 2001:db8::1
*.web.example.com. 300 A 192.0.2.81
www.example.com. 86400 A 192.0.2.80
; example.org. 7
example.org. 259200 NS ns.example.net.
example.org. 5 SOA ns.example.net. dns.example.net. 7 1 2 3 4
`
	if got := lines(r.Zones()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := problems(r), "data:4 import-soa\ndata:4 import-ttl\n"; got != want {
		t.Errorf("problems\n%s", got)
	}
}

func TestBadTinyDNS(t *testing.T) {
	t.Parallel()
	now := time.Unix(1800000000, 0)
	for text, want := range map[string]string{
		"%lo:192.0.2\n":                                   "clients in one location",
		"+a.example.com:192.0.2.1:::lo\n":                 "clients in one location",
		"+a.example.com:192.0.2.1::400000007fffffff\n":    "is to come",
		"+a.example.com:192.0.2.1:0:400000007fffffff\n":   "ends at its time stamp",
		"+a.example.com:192.0.2.1::xyz\n":                 "no TAI64",
		"+a.example.com:192.0.2.300\n":                    "no IPv4 address",
		"+a.example.com\n":                                "too few fields",
		"+a.example.com:192.0.2.1:-1\n":                   "TTL",
		"?a.example.com:192.0.2.1\n":                      "do not begin with",
		":a.example.com:1:\\001\n":                        "bad A data",
		":a.example.com:x:\\001\n":                        "no number of a type",
		":a.example.com:35:\\000\\001\n":                  "too few for NAPTR data",
		":a.example.com:15:\\000\\001\n":                  "too few for MX data",
		"3a.example.com:20010db8\n":                       "no IPv6 address",
		"+" + strings.Repeat("x", 64) + ".example.com:::": "is no name",
	} {
		r := &Reading{}
		r.TinyDNS(strings.NewReader(".example.com\n"+text), "data", now)
		if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, want) || r.Problems[0].Line != 2 {
			t.Errorf("%q: %v", text, r.Problems)
		}
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A configuration with includes, comments and zones of every kind.
func TestNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"named.conf": `// comments of
# three /* kinds
options { directory "` + dir + `/data"; allow-query { any; }; listen-on port 53 { 127.0.0.1; }; };
/* zone "not.example" { type primary; file "x"; }; */
include "` + dir + `/zones.conf";
include "more/*.conf";
zone "." { type hint; file "root.hints"; };
zone "1.example" IN { type slave; masters { 192.0.2.1; }; file "1"; };
zone "chaos" CH { type master; file "c"; };
ZONE "3.example" { Type Master; File "db.3"; };
`,
		"zones.conf":     "zone \"example.com\" { type master; file \"db.example.com\"; allow-transfer { none; }; };\n",
		"more/a.conf":    "zone \"2.0.192.in-addr.arpa\" in {\n  type primary;\n  file \"/abs/db.2\";\n};\n",
		"more/b.conf":    "zone \"raw.example\" { type primary; file \"r\"; masterfile-format raw; };\nzone \"dlz.example\" { type primary; };\n",
		"more/notes.txt": "not included",
	})
	r := &Reading{}
	var got []string
	for _, z := range r.Named(filepath.Join(dir, "named.conf"), "") {
		got = append(got, z.Name.String()+" "+strings.TrimPrefix(z.File, dir))
	}
	if want := "example.com. /data/db.example.com, 2.0.192.in-addr.arpa. /abs/db.2, 3.example. /data/db.3"; strings.Join(got, ", ") != want {
		t.Errorf("zones %q", got)
	}
	if got, want := problems(r), "b.conf:1 import-kind\nb.conf:2 import-kind\nnamed.conf:8 import-kind\n"; got != want {
		t.Errorf("problems\n%s%v", got, r.Problems)
	}
}

func TestNamedViews(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"named.conf": `view "inside" { match-clients { 10.0.0.0/8; }; zone "example.com" { type master; file "in"; }; };
view "outside" { zone "example.com" { type master; file "out"; }; };
`})
	for view, want := range map[string]string{"": " import-view", "inside": "in", "outside": "out", "other": " import-view"} {
		r := &Reading{}
		var got string
		for _, z := range r.Named(filepath.Join(dir, "named.conf"), view) {
			got += filepath.Base(z.File)
		}
		for _, p := range r.Problems {
			got += " " + p.Check
		}
		if got != want {
			t.Errorf("view %q: %q, %v", view, got, r.Problems)
		}
	}
}

func TestBadNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"include \"named.conf\";\n":                     "include-loop",
		"include \"none.conf\";\n":                      "unreadable",
		"zone \"a\" { type master; file \"x\";\n":       "bad-syntax",
		"zone \"a\" {};\n}\n":                           "import-kind,bad-syntax",
		"/* never closed\n":                             "bad-syntax",
		"zone \"a { type master;\n":                     "bad-syntax",
		"zone \"a..b\" { type master; file \"x\"; };\n": "bad-name",
		"options { directory \"x\"; }\n":                "bad-syntax",
		"include \"/dev/zero\";\n":                      "unreadable",
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"named.conf": text})
		r := &Reading{}
		r.Named(filepath.Join(dir, "named.conf"), "")
		var got []string
		for _, p := range r.Problems {
			got = append(got, p.Check)
		}
		if !strings.HasPrefix(strings.Join(got, ","), want) {
			t.Errorf("%q: %v", text, r.Problems)
		}
	}
}

// A file that has another zone than named.conf says is no file of that zone.
func TestFileOfAnotherZone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"db": "$ORIGIN b.example.\n@ 60 SOA ns h 1 2 3 4 5\n", "same": "@ 60 SOA ns h 1 2 3 4 5\n"})
	r := &Reading{}
	at := Place{File: "named.conf", Line: 3}
	for apex, file := range map[string]string{"a.example.": "db", "c.example.": "same", "d.example.": "same", "e.example.": "none"} {
		n, err := zone.ParseName(apex)
		if err != nil {
			t.Fatal(err)
		}
		r.ZoneFile(NamedZone{Name: n, File: filepath.Join(dir, file), Place: at})
	}
	slices.SortFunc(r.Problems, zone.Problem.ComparePlace)
	if len(r.Problems) != 2 || len(r.Zones()) != 3 {
		t.Fatalf("%d zones, %v", len(r.Zones()), r.Problems)
	}
	for _, p := range r.Problems {
		if p.Check != "unreadable" && (p.Check != "import-outside" || p.Line != 3 || p.Name != "a.example.") {
			t.Error(p)
		}
	}
}

// Any number of problems leaves what cannot be skipped in sight.
func TestProblemsHideNoOther(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("$ORIGIN example.com.\n@ 60 SOA ns h 1 2 3 4 5\nx 60 A 192.0.2.1\n")
	for i := range maxProblems + 1 {
		fmt.Fprintf(&b, "x 61 A 198.51.%d.%d\n", i>>8, i&255)
	}
	r := &Reading{}
	r.MasterFrom(strings.NewReader(b.String()), "first", "")
	r.Master(filepath.Join(t.TempDir(), "none"), "")
	r.Master(filepath.Join(t.TempDir(), "none either"), "")
	if n := len(r.Problems); n != maxProblems+1 || r.Problems[n-1].Check != "unreadable" {
		t.Errorf("%d problems, the last %v", n, r.Problems[n-1])
	}
}

// What one file has of a delegation stays with it when the zone below is read from another.
func TestEachFileKeepsItsRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	soa := " 60 SOA ns.example.net. dns.example.net. 7 1 2 3 4\n"
	write(t, dir, map[string]string{
		"parent": "example.com." + soa + "child.example.com. 60 NS a.child.example.com.\na.child.example.com. 60 A 192.0.2.1\nchild.example.com. 60 DS 1 8 1 0123456789abcdef0123456789abcdef01234567\n",
		"child":  "child.example.com." + soa + "child.example.com. 60 NS b.child.example.com.\n",
		"none":   "a.example.com. 60 A 192.0.2.1\nb.example.com. 60 A 192.0.2.1\n",
		"again":  "child.example.com." + soa + "x.child.example.com. 60 A 192.0.2.1\n",
	})
	r := &Reading{}
	for _, f := range []string{"parent", "child", "none", "again"} {
		r.Master(filepath.Join(dir, f), "")
	}
	zones := r.Zones()
	child, _ := zone.ParseName("child.example.com.")
	if len(zones) != 2 || zones[0].Records() != 4 || zones[1].Records() != 2 || len(zones[0].Sets(child)) != 2 {
		t.Errorf("%s", lines(zones))
	}
	if got := problems(r); got != "none:0 import-outside\nagain:1 import-soa\n" {
		t.Errorf("problems\n%s", got)
	}
}

func FuzzTinyDNS(f *testing.F) {
	f.Add([]byte(".example.com:192.0.2.53:a\n'example.com:a\\072b\n:g.example.com:99:\\001\\377:5:4000000038af1379:lo\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Reading{}
		r.TinyDNS(strings.NewReader(string(data)), "data", time.Unix(1, 0))
		for _, z := range r.Zones() {
			for owner, sets := range z.All() {
				for _, s := range sets {
					for _, d := range s.Data {
						if _, err := zone.RR(owner, s.Type, 0, d); err != nil {
							t.Fatalf("%s %s: %v", owner, s.Type, err)
						}
					}
				}
			}
		}
	})
}

func FuzzNamed(f *testing.F) {
	f.Add("options { directory \"x\"; };\nzone \"a.example\" { type master; file \"f\"; };\nview v { zone \"b\" { type master; }; };\n")
	f.Fuzz(func(_ *testing.T, text string) {
		n := &named{r: &Reading{}}
		n.tokens = n.scan(text, "named.conf")
		n.top()
	})
}

func FuzzKey(f *testing.F) {
	f.Add(`key "k" { algorithm hmac-sha256; secret "c2VjcmV0"; };`)
	f.Add("k:hmac-sha512:c2VjcmV0")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := parseKey(text); err == nil && (len(k.Secret) == 0 || hashes[k.Algorithm] == nil) {
			t.Fatalf("%+v", k)
		}
	})
}
