package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

const soa = "example. 300 SOA ns1.example. admin.example. 7 3600 600 86400 60\n@ 300 NS ns1\n"

// write puts the files of a txtar archive into a folder and gives the paths of those ending in .zone.
func write(t *testing.T, archive string) (dir string, zones []string) {
	t.Helper()
	dir = t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".zone") {
			zones = append(zones, path)
		}
	}
	return dir, zones
}

func TestZoneFileProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ files, want string }{
		"clean, origin from the SOA": {"-- a.zone --\n" + soa + "www 60 A 192.0.2.1\n", ""},
		"syntax":                     {"-- a.zone --\n" + soa + "\nwww 60 A 192.0.2\n", `a.zone:4:16: bad A: "192.0.2" [bad-syntax]`},
		"syntax in an include":       {"-- a.zone --\n" + soa + "$INCLUDE sub/more\n-- sub/more --\n\n\nwww 60 BAD 1\n", `sub/more:3:11: neither type, class nor TTL: "BAD" [bad-syntax]`},
		"no such include":            {"-- a.zone --\n" + soa + "$INCLUDE gone\n", `a.zone:3:`},
		"no SOA":                     {"-- a.zone --\nwww.example. 60 A 192.0.2.1\n", "a.zone: no SOA record [no-soa]"},
		"no NS":                      {"-- a.zone --\nexample. 300 SOA ns1.example. admin.example. 7 3600 600 86400 60\n", "a.zone: example.: no NS records at the zone's apex [no-apex-ns]"},
		"outside": {"-- a.zone --\n" + soa + "; a comment\n\nwww.example.net. 60 A 192.0.2.1\n",
			"a.zone:5: www.example.net.: A is outside the zone example. [outside-zone]"},
		"outside, in an include, past a directive": {"-- a.zone --\n" + soa + "$INCLUDE more\n-- more --\n$TTL 7\n\nwww.example.net. TXT ( \"a\"\n \"b\" )\n",
			"more:3: www.example.net.: TXT is outside"},
		"after an include": {"-- a.zone --\n" + soa + "$INCLUDE more\n  \nx.example.net. 1 A 192.0.2.1\n-- more --\na 1 A 192.0.2.1\n", "a.zone:5: x.example.net.: A is outside"},
		"generated":        {"-- a.zone --\n" + soa + "\n$GENERATE 1-2 h$.example.net. A 192.0.2.$\n", "a.zone:4: h1.example.net.: A is outside"},
		"cname":            {"-- a.zone --\n" + soa + "www 60 CNAME a\nwww 60 TXT b\n", "a.zone:3: www.example.: CNAME beside other records (RFC 1034 3.6.2) [cname-and-other-data]"},
		"cnames":           {"-- a.zone --\n" + soa + "www 60 CNAME a\nwww 60 CNAME b\n", "a.zone:3: www.example.: 2 CNAME records, one is allowed [several-cname]"},
		"many addresses":   {"-- a.zone --\n" + soa + hosts(zone.MaxWire/16+1), "a.zone:3: www.example.: A: 4070 records in one RRset take 65120 octets in a message, and at most 65115 fit [rrset-too-large]; spread the records over several names"},
		"second SOA":       {"-- a.zone --\n" + soa + "@ 60 SOA a b 1 2 3 4 5\n", "a.zone:1: example.: 2 SOA records, one is allowed [several-soa]"},
		"SOA below":        {"-- a.zone --\n" + soa + "b 60 SOA a b 1 2 3 4 5\n", "a.zone:3: b.example.: a second SOA, below the apex [soa-not-apex]"},
		"TTLs":             {"-- a.zone --\n" + soa + "www 60 A 192.0.2.1\nwww 30 A 192.0.2.2\n", "a.zone:4: warning: www.example.: A has several TTLs; the smallest is served [ttl-mismatch]"},
		"large TTL":        {"-- a.zone --\n" + soa + "www 4294967295 A 192.0.2.1\n", "a.zone:3: www.example.: TTL 4294967295: at most 2147483647 (RFC 2181 8) [bad-record]"},
		"signed": {"-- a.zone --\n" + soa + "@ 60 RRSIG SOA 8 1 60 20260101000000 20250101000000 1 example. AAAA\nwww 60 RRSIG A 8 1 60 20260101000000 20250101000000 1 example. AAAA\n",
			"a.zone:3: warning: example.: the zone is signed"},
		"no origin":       {"-- a.zone --\n@ 60 SOA a b 1 2 3 4 5\n", `a.zone:1:2: bad owner name: "@" [bad-syntax]; no $ORIGIN says yet`},
		"byte order mark": {"-- a.zone --\n\xef\xbb\xbf" + soa, ""},
		"class":           {"-- a.zone --\n" + soa + "www 60 CH TXT a\n", "a.zone:3: www.example.: class CH: only IN is served [bad-record]"},
		"many":            {"-- a.zone --\n" + soa + strings.Repeat("x.example.net. 1 A 192.0.2.1\n", maxProblems+7), "a.zone: 7 more problems are not shown [too-many-problems]"},
		"zone twice":      {"-- a.zone --\n" + soa + "-- b.zone --\n" + soa, "b.zone: example.: zone is in"},
		"lower zone wins": {"-- a.zone --\n" + soa + "b 60 NS ns.b\nns.b 60 A 192.0.2.1\nx.b 60 TXT lost\n-- b.zone --\n$ORIGIN b.example.\n@ 60 SOA a b 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n",
			"a.zone:5: warning: x.b.example.: TXT is not served: another file's zone begins here or above [shadowed-by-zone]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, zones := write(t, c.files)
			out := filepath.Join(dir, "out")
			_, problems, err := ZoneFiles{Paths: zones}.Compile(out, nil)
			if c.want == "" {
				if err != nil || len(problems) > 0 {
					t.Fatalf("problems %v, %v", problems, err)
				}
				return
			}
			text := ""
			for _, p := range problems {
				text += strings.ReplaceAll(p.Error(), dir+"/", "") + "\n"
			}
			if !strings.Contains(text, c.want) {
				t.Errorf("problems\n%s\nwant\n%s", text, c.want)
			}
			warned := strings.Contains(c.want, "warning: ")
			if _, serr := os.Stat(out); (serr == nil) != warned || (err == nil) != warned || !warned && !errors.Is(err, ErrProblems) {
				t.Errorf("error %v, file %v", err, serr)
			}
		})
	}
}

// TestOriginGiven: for files whose origin stands in the configuration of the server they come from.
func TestOriginGiven(t *testing.T) {
	t.Parallel()
	dir, zones := write(t, "-- a.zone --\n@ 60 SOA ns1 admin 7 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n")
	stat, problems, err := ZoneFiles{Paths: zones, Origin: name("example.")}.Compile(filepath.Join(dir, "out"), nil)
	if err != nil || len(problems) > 0 || stat.Names != 2 {
		t.Error(stat, problems, err)
	}
}

// TestDSOfLowerZone: the upper file's DS of a zone that has a file too is served (RFC 4035 3.1.4.1).
func TestDSOfLowerZone(t *testing.T) {
	t.Parallel()
	const ds, lower = "60 DS 1 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", "@ 60 SOA a b 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n"
	dir, zones := write(t, "-- a.zone --\n"+soa+"b 60 NS ns.b\nb "+ds+"c.b "+ds+"-- b.zone --\n$ORIGIN b.example.\n"+lower+"-- c.zone --\n$ORIGIN c.b.example.\n"+lower)
	out := filepath.Join(dir, "out")
	_, problems, err := ZoneFiles{Paths: zones}.Compile(out, nil)
	if err != nil || len(problems) != 1 || problems[0].Check != "shadowed-by-zone" || problems[0].Name != "c.b.example." {
		t.Fatal(problems, err)
	}
	s, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var dump strings.Builder
	if err := Dump(&dump, s); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(dump.String(), "DS\t1 8 2"); n != 1 || !strings.Contains(dump.String(), "\nb.example.\t60\tIN\tDS\t1 8 2") {
		t.Errorf("%d DS in\n%s", n, dump.String())
	}
}

func TestCompiledFileServes(t *testing.T) {
	t.Parallel()
	dir, zones := write(t, "-- a.zone --\n$TTL 300\n$ORIGIN example.\n@ SOA ns1 admin 7 3600 600 86400 60\n  NS ns1\nns1 A 192.0.2.1\n"+
		"$GENERATE 1-20 host$.a A 192.0.2.$\n$INCLUDE more sub\nLAST.sub A 192.0.2.9\n-- more --\n@ TXT \"in sub\"\n")
	out := filepath.Join(dir, "out")
	stat, problems, err := ZoneFiles{Paths: zones, Seed: Seed{1}}.Compile(out, nil)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if stat.Zones != 1 || stat.Names != 24 || stat.Empty != 1 || stat.Records != 25 {
		t.Errorf("stat %+v", stat)
	}
	if faults := Fsck(out); len(faults) > 0 {
		t.Error(faults)
	}
	s, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if z := s.Zones()[0]; z != (Zone{Apex: name("example."), SerialLiteral: true}) {
		t.Errorf("zone %+v", z)
	}
	for _, n := range []string{"host20.a.example.", "sub.example.", "last.sub.example."} {
		if node, ok := s.Lookup(name(n)); !ok || len(node.Sets) != 1 {
			t.Errorf("%s: %v, %v", n, node, ok)
		}
	}
}

// rdata is one of every type of DESIGN's list, and some that are printed with care.
var rdata = []string{
	"A 192.0.2.1", "AAAA 2001:db8::1", `CAA 0 issue "ca.example; x=\"y\""`, "DS 1 8 2 ABCD", "HTTPS 1 . alpn=h2,h3 port=8443 key65000=abc",
	"LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "MX 10 mail.example.", `NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:a@example!" .`,
	`PTR a\.b\032\255.example.`, `SPF "v=spf1"`, "SRV 1 2 3 a.example.", "SSHFP 1 1 abcdef", "SVCB 0 b.example.", "TLSA 3 1 1 abcd",
	`TXT "" "a b;c" "\000\255\"\\"`, `TYPE65280 \# 3 abcdef`, "HINFO cpu os", "NS ns.example.", `URI 10 1 "https://example/"`,
	`CERT 1 2 3 AAAA`, `SVCB 1 b.example. ipv4hint=192.0.2.1,192.0.2.2 no-default-alpn alpn=x`, "RP a.example. b.example.",
}

// TestExportReadsBack: what WriteZone writes, ZoneFiles reads as the same content.
func TestExportReadsBack(t *testing.T) {
	t.Parallel()
	apex := name("example.")
	var pool []zone.RRset
	for _, text := range rdata {
		mnemonic, data, _ := strings.Cut(text, " ")
		ty, ok := zone.ParseType(mnemonic)
		d, err := zone.ParseRdata(ty, data, "")
		if !ok || err != nil {
			t.Fatal(text, err)
		}
		pool = append(pool, zone.RRset{Type: ty, Data: []zone.Rdata{d}})
	}
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel()
		m.zones[apex] = Zone{Apex: apex, SerialLiteral: true}
		soa, _ := zone.ParseRdata(zone.TypeSOA, "ns1.example. admin.example. 7 3600 600 86400 60", "")
		ns, _ := zone.ParseRdata(zone.TypeNS, "ns1.example.", "")
		m.data[apex] = []zone.RRset{{Type: zone.TypeNS, TTL: 5, Data: []zone.Rdata{ns}}, {Type: zone.TypeSOA, TTL: 5, Data: []zone.Rdata{soa}}}
		for range rapid.IntRange(0, 6).Draw(rt, "names") {
			n := apex
			for _, label := range rapid.SliceOfN(drawLabel, 1, 3).Draw(rt, "labels") {
				n, _ = n.Child(label)
			}
			byType := make(map[zone.Type]zone.RRset)
			for range rapid.IntRange(1, 4).Draw(rt, "sets") {
				s := rapid.SampledFrom(pool).Draw(rt, "rdata")
				if old, ok := byType[s.Type]; ok {
					s = s.Union(old)
				}
				s.TTL = rapid.Uint32Range(0, zone.MaxTTL).Draw(rt, "ttl")
				byType[s.Type] = s
			}
			m.data[n] = nil
			for _, s := range byType {
				m.data[n] = append(m.data[n], s)
			}
			zone.SortSets(m.data[n])
		}
		path := filepath.Join(dir, "x.zone")
		var text bytes.Buffer
		if err := WriteZone(&text, m.zones[apex], walked(m.nodes()), 99); err != nil {
			rt.Fatal(err)
		}
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			rt.Fatal(err)
		}
		c := ZoneFiles{Paths: []string{path}}.read(nil)
		var got memory
		if _, err := c.write(&got); err != nil || len(c.problems()) > 0 {
			rt.Fatalf("%v, problems %v in\n%s", err, c.problems(), &text)
		}
		if want := m.build(t, Seed{}, func([]Node) {}); !bytes.Equal(got.octets, want) {
			a, _ := parse(got.octets)
			b, _ := parse(want)
			var diff bytes.Buffer
			_, err := WriteDiff(&diff, b, a)
			rt.Fatalf("differs (%v):\n%s\nin\n%s", err, &diff, &text)
		}
	})
}

func TestExportSerial(t *testing.T) {
	t.Parallel()
	apex := name("example.")
	data, err := zone.ParseRdata(zone.TypeSOA, "ns1.example. admin.example. 7 3600 600 86400 60", "")
	if err != nil {
		t.Fatal(err)
	}
	nodes := []Node{{apex, []zone.RRset{{Type: zone.TypeA, Data: []zone.Rdata{"\x01\x02\x03\x04"}}, {Type: zone.TypeSOA, Data: []zone.Rdata{data}}}}}
	for literal, want := range map[bool]string{true: " 7 3600 ", false: " 1795000184 3600 "} {
		var text bytes.Buffer
		if err := WriteZone(&text, Zone{Apex: apex, SerialLiteral: literal}, walked(nodes), 1795000184); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), want) || strings.Index(text.String(), "SOA") > strings.Index(text.String(), "\tA\t") {
			t.Errorf("literal %v:\n%s", literal, &text)
		}
	}
}

func TestDumpAndDiff(t *testing.T) {
	t.Parallel()
	v := NewView(Empty())
	a := []zone.RRset{{Type: zone.TypeA, TTL: 9, Data: []zone.Rdata{"\xc0\x00\x02\x01"}}}
	tree := NewTree()
	d, _ := tree.Delta([]ZoneChange{{Zone: Zone{Apex: name("example."), Timestamp: true}}}, []NameChange{{Name: name("a.b.example."), Sets: a}})
	next := v.Apply(d)
	var dump, diff bytes.Buffer
	if err := Dump(&dump, next); err != nil {
		t.Fatal(err)
	}
	want := "; zone example. serial=release timestamp=on\n; example. empty non-terminal\n; b.example. empty non-terminal\na.b.example.\t9\tIN\tA\t192.0.2.1\n"
	if dump.String() != want {
		t.Errorf("dump\n%s\nwant\n%s", &dump, want)
	}
	n, err := WriteDiff(&diff, v, next)
	if want := "+ ; zone example. serial=release timestamp=on\n+ a.b.example. 9 A 192.0.2.1\n"; n != 2 || err != nil || diff.String() != want {
		t.Errorf("diff %d, %v\n%s\nwant\n%s", n, err, &diff, want)
	}
	diff.Reset()
	if n, err := WriteDiff(&diff, next, v); n != 2 || err != nil || strings.Count(diff.String(), "- ") != 2 {
		t.Errorf("diff back %d, %v\n%s", n, err, &diff)
	}
}

func TestLayoutAddsUp(t *testing.T) {
	t.Parallel()
	s, err := parse(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(headerSize + trailerSize)
	for _, part := range s.Layout() {
		sum += part.Size
	}
	if pad := s.Stat().Size - sum; pad < 0 || pad >= bucketSize {
		t.Error(fmt.Sprint(s.Layout(), " leaves ", pad))
	}
}

// hosts is a name with so many addresses, as lines of a zone file.
func hosts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "www 60 A 198.18.%d.%d\n", i>>8, i&0xff)
	}
	return b.String()
}

// TestCompileStops: what was asked to stop writes nothing.
func TestCompileStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("example. 5 SOA a. b. 1 2 3 4 5\n NS a.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var p Progress
	p.Stop.Store(true)
	_, _, err := ZoneFiles{Paths: []string{in}}.Compile(out, &p)
	if left, _ := os.ReadDir(dir); !errors.Is(err, ErrStopped) || len(left) != 1 {
		t.Error(err, left)
	}
}
