package masterfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zonecast/internal/zone"
)

// read reads main.zone of a txtar archive and prints its records and problems, a line each.
func read(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	Read(filepath.Join(dir, "main.zone"), "", func(r *Record) {
		fmt.Fprintf(&out, "%s:%d %s %d %s %s\n", r.File, r.Line, zone.Name(r.Name), r.TTL, r.Type, zone.RdataText(r.Type, zone.Rdata(r.Data)))
	}, func(p zone.Problem) { fmt.Fprintln(&out, p.Error()) })
	return strings.ReplaceAll(out.String(), dir+"/", "")
}

const head = "-- main.zone --\n$ORIGIN example.\n$TTL 300\n"

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ files, want string }{
		"include with an origin; what it sets ends with it": {
			head + "a A 192.0.2.1\n$INCLUDE more sub\n  A 192.0.2.2\n-- more --\nb A 192.0.2.3\n$TTL 5\n$ORIGIN other.\nc A 192.0.2.4\n",
			"main.zone:3 a.example. 300 A 192.0.2.1\nmore:1 b.sub.example. 300 A 192.0.2.3\nmore:4 c.other. 5 A 192.0.2.4\nmain.zone:5 a.example. 300 A 192.0.2.2\n"},
		"includes itself": {head + "$INCLUDE main.zone\n", "main.zone:3: the file includes itself [bad-syntax]; take the $INCLUDE out\n"},
		"includes each other": {head + "$INCLUDE more\na A 192.0.2.1\n-- more --\n$INCLUDE main.zone\nb A 192.0.2.2\n",
			"more:1: the file includes itself [bad-syntax]; take the $INCLUDE out\nmore:2 b.example. 300 A 192.0.2.2\nmain.zone:4 a.example. 300 A 192.0.2.1\n"},
		"garbage after an include": {head + "$INCLUDE more sub junk\n-- more --\n", "main.zone:3:22: neither type, class nor TTL: \"junk\" [bad-syntax]\n"},
		"all problems at once": {head + "a A 192.0.2\nb BAD x\n  A 192.0.2.1\nc A 192.0.2.9\nd CH TXT x\n",
			"main.zone:3:11: bad A: \"192.0.2\" [bad-syntax]\nmain.zone:4:6: neither type, class nor TTL: \"BAD\" [bad-syntax]\n" +
				"main.zone:5 b.example. 300 A 192.0.2.1\nmain.zone:6 c.example. 300 A 192.0.2.9\nmain.zone:7: d.example.: class CH: only IN is served [bad-record]\n"},
		"records of an owner that cannot be read": {head + "a A 192.0.2.1\na..b A 192.0.2.2\n  A 192.0.2.3\n  AAAA nonsense\nc A 192.0.2.4\n",
			"main.zone:3 a.example. 300 A 192.0.2.1\nmain.zone:4:5: bad owner name: \"a..b\" [bad-syntax]\nmain.zone:7 c.example. 300 A 192.0.2.4\n"},
		"known type, data of nothing":         {head + "a.example. MX \\# 0\nb.example. TYPE731 \\# 0\n", "main.zone:3: a.example.: empty record data [bad-record]\nmain.zone:4 b.example. 300 TYPE731 \\# 0 \n"},
		"no owner at all":                     {head + "  A 192.0.2.3\n", "main.zone:3: no owner name, and none before [bad-record]\n"},
		"a directive that cannot be followed": {head + "$ORIGIN a..b\nc A 192.0.2.4\n", "main.zone:3:12: bad origin name: \"a..b\" [bad-syntax]\n"},
		"lines of an entry in parentheses":    {head + "\na TXT ( \"x\" ; one\n \"y\" )\nb A 192.0.2.1\n", "main.zone:4 a.example. 300 TXT \"x\" \"y\"\nmain.zone:6 b.example. 300 A 192.0.2.1\n"},
		"a fault within an entry":             {head + "a SOA ns h (\n 1 2\n x 4 5 )\n", "main.zone:5:3: bad SOA zone parameter: \"x\" [bad-syntax]\n"},
		"a quote that is never closed":        {head + "a TXT \"x\nb A 192.0.2.1\n", "main.zone:3: a quote is not closed [bad-syntax]\n"},
		"a parenthesis that is never closed":  {head + "b A 192.0.2.1\na A ( 192.0.2.1\nb A 192.0.2.1\n", "main.zone:3 b.example. 300 A 192.0.2.1\nmain.zone:4: a parenthesis is not closed [bad-syntax]\n"},
		"an entry that ends too early":        {head + "a SOA ns h 1 2 3 4\na\n", "main.zone:3: the entry ends too early: bad SOA zone parameter [bad-syntax]\nmain.zone:4:1: the entry ends too early [bad-syntax]\n"},
		"a directive that there is not":       {head + "$FOO bar\na A 192.0.2.1\n", "main.zone:3: $FOO is no directive ($ORIGIN, $TTL, $INCLUDE, $GENERATE) [bad-syntax]\nmain.zone:4 a.example. 300 A 192.0.2.1\n"},
		"a word that is very long":            {head + "a A " + strings.Repeat("x", 1000) + "\n", "main.zone:3:1004: bad A: \"" + strings.Repeat("x", 112) + "… [bad-syntax]\n"},
		"no spaces beside line ends in parentheses": {head + "a SOA ns h (\n1\n2;two\n3\r\n4\n5\n)\na TXT (a\nb\n\"c\nd\")\n",
			"main.zone:3 a.example. 300 SOA ns.example. h.example. 1 2 3 4 5\nmain.zone:10 a.example. 300 TXT \"a\" \"b\" \"c\\010d\"\n"},
		"an include that is not there":         {head + "$INCLUDE none\na A 192.0.2.1\n", "main.zone:3: $INCLUDE: open none: no such file or directory [unreadable]\nmain.zone:4 a.example. 300 A 192.0.2.1\n"},
		"names before $ORIGIN, after the SOA":  {"-- main.zone --\nexample. 5 SOA a. b. 1 2 3 4 5\nw A 192.0.2.1\n", "main.zone:1 example. 5 SOA a. b. 1 2 3 4 5\nmain.zone:2 w.example. 5 A 192.0.2.1\n"},
		"line ends of other systems":           {"-- main.zone --\na.example. 5 A 192.0.2.1\r\n\r\n  TXT (\r\n x )\r\n; c\r\nb.example. TXT \"x\"\r\n", "main.zone:1 a.example. 5 A 192.0.2.1\nmain.zone:3 a.example. 5 TXT \"x\"\nmain.zone:6 b.example. 5 TXT \"x\"\n"},
		"a TTL that is stated holds on":        {"-- main.zone --\na.example. 1h A 192.0.2.1\nb.example. A 192.0.2.2\n", "main.zone:1 a.example. 3600 A 192.0.2.1\nmain.zone:2 b.example. 3600 A 192.0.2.2\n"},
		"but not over $TTL":                    {head + "a 1h A 192.0.2.1\nb 7 A 192.0.2.2\nc A 192.0.2.3\n", "main.zone:3 a.example. 3600 A 192.0.2.1\nmain.zone:4 b.example. 7 A 192.0.2.2\nmain.zone:5 c.example. 300 A 192.0.2.3\n"},
		"escapes past 255 or too short":        {head + "a TXT \"x\\256\" ; \\999\n  A 192.0.2.1\nb CNAME c\\12x\nd TXT \\255 ; \\999\n", "main.zone:3: \"\\\\256\": bad escape: use \\DDD (000-255) or \\ before the character [bad-syntax]\nmain.zone:4 a.example. 300 A 192.0.2.1\nmain.zone:5: \"\\\\12x\": bad escape: use \\DDD (000-255) or \\ before the character [bad-syntax]\nmain.zone:6 d.example. 300 TXT \"\\255\"\n"},
		"a default TTL past 2^31-1":            {"-- main.zone --\n$TTL 4000000000\na.example. A 192.0.2.1\nb.example. 5 A 192.0.2.2\n", "main.zone:2: a.example.: TTL 4000000000: at most 2147483647 (RFC 2181 8) [bad-record]\nmain.zone:3 b.example. 5 A 192.0.2.2\n"},
		"no TTL":                               {"-- main.zone --\na.example. A 192.0.2.1\n", "main.zone:1:13: missing TTL with no previous value: \"A\" [bad-syntax]\n"},
		"a word that begins like its like":     {head + "a A 192.0.2.1\na\\046b A 192.0.2.2\n", "main.zone:3 a.example. 300 A 192.0.2.1\nmain.zone:4 a\\.b.example. 300 A 192.0.2.2\n"},
		"the same word under another $ORIGIN":  {head + "a A 192.0.2.1\n$ORIGIN sub\na A 192.0.2.2\n", "main.zone:3 a.example. 300 A 192.0.2.1\nmain.zone:5 a.sub.example. 300 A 192.0.2.2\n"},
		"nothing at the end, not even its end": {head + "a A 192.0.2.1", "main.zone:3 a.example. 300 A 192.0.2.1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := read(t, c.files); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestGenerate: the modifiers of BIND's manual; the records have the file's $TTL, which miekg/dns leaves out.
func TestGenerate(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"1-3/2 h$ A 192.0.2.$":                          "h1.example. 300 A 192.0.2.1|h3.example. 300 A 192.0.2.3",
		"9-10 h${-8,3,d} 60 IN TXT \"$$ \\$ ${0,2,X}\"": "h001.example. 60 TXT \"$ $ 09\"|h002.example. 60 TXT \"$ $ 0A\"",
		"8-8 ${0,4,o}.${0}.${1,2} CNAME $.a ; $":        "0010.8.09.example. 300 CNAME 8.a.example.",
		"0-1 $ TXT ( $\n x )":                           "0.example. 300 TXT \"0\" \"x\"|1.example. 300 TXT \"1\" \"x\"",
		"1-2 a\\.$ A 192.0.2.$":                         `a\.1.example. 300 A 192.0.2.1|a\.2.example. 300 A 192.0.2.2`,
		"2-1 h$ A 192.0.2.$":                            "main.zone:3: bad range in $GENERATE range [bad-syntax]",
		"0-65536 h$ A 192.0.2.1":                        "main.zone:3: bad range in $GENERATE range [bad-syntax]",
		"0-2147483648/2147483647 h$ A 192.0.2.1":        "main.zone:3: bad range in $GENERATE range [bad-syntax]",
		"1-2/0 h$ A 192.0.2.1":                          "main.zone:3: bad step in $GENERATE range [bad-syntax]",
		"1 h$ A 192.0.2.1":                              "main.zone:3: bad start-stop in $GENERATE range [bad-syntax]",
		"x-2 h$ A 192.0.2.1":                            "main.zone:3: bad start in $GENERATE range [bad-syntax]",
		"1-x h$ A 192.0.2.1":                            "main.zone:3: bad stop in $GENERATE range [bad-syntax]",
		"":                                              "main.zone:3: expecting $GENERATE value, not this... [bad-syntax]",
		"1-2 ;":                                         "main.zone:3: no record after $GENERATE range [bad-syntax]",
		"1-2 $$GENERATE 1-2 h$ A 192.0.2.1":             "main.zone:3: a directive in $GENERATE [bad-syntax]",
		"1-2 $$TTL 5":                                   "main.zone:3: a directive in $GENERATE [bad-syntax]",
		"1-9 h$ A 192.0.2":                              "main.zone:3: bad A: \"192.0.2\" [bad-syntax]",
		"1-2 $INCLUDE x":                                "main.zone:3: a directive in $GENERATE [bad-syntax]",
		"1-2 h${0,1 A 192.0.2.1":                        "main.zone:3: bad modifier in $GENERATE [bad-syntax]",
		"1-2 h${0,1,d,d} A 192.0.2.1":                   "main.zone:3: bad modifier in $GENERATE [bad-syntax]",
		"1-2 h${x} A 192.0.2.1":                         "main.zone:3: bad offset in $GENERATE [bad-syntax]",
		"1-2 h${-2} A 192.0.2.1":                        "main.zone:3: bad offset in $GENERATE [bad-syntax]",
		"1-2 h${0,256} A 192.0.2.1":                     "main.zone:3: bad width in $GENERATE [bad-syntax]",
		"1-2 h${0,1,q} A 192.0.2.1":                     "main.zone:3: bad base in $GENERATE [bad-syntax]",
		"1-1 h$ A 192.0.2":                              "main.zone:3: bad A: \"192.0.2\" [bad-syntax]",
	} {
		got := read(t, head+"$GENERATE "+template+"\n")
		got = strings.ReplaceAll(strings.TrimSuffix(got, "\n"), "\n", "|")
		if got = strings.ReplaceAll(got, "main.zone:3 ", ""); got != want {
			t.Errorf("%s\ngives %s\nwant  %s", template, got, want)
		}
	}
}

func TestGenerateLeavesTheOwner(t *testing.T) {
	t.Parallel()
	got := read(t, head+"a A 192.0.2.1\n$GENERATE 1-1 b$ A 192.0.2.2\n  A 192.0.2.3\n")
	if !strings.HasSuffix(got, "main.zone:5 a.example. 300 A 192.0.2.3\n") {
		t.Error(got)
	}
}

// TestBounds: entries, lines and the depth of includes (P9).
func TestBounds(t *testing.T) {
	t.Parallel()
	chain := head + "$INCLUDE 1\n"
	for i := 1; i < 9; i++ {
		chain += fmt.Sprintf("-- %d --\n$INCLUDE %d\n", i, i+1)
	}
	for what, c := range map[string]struct{ files, want string }{
		"depth":        {chain + "-- 9 --\n", "7:1: too deeply nested $INCLUDE [bad-syntax]\n"},
		"an entry":     {head + "a TXT (\n" + strings.Repeat("x\n", maxEntry), "main.zone:3: " + errEntryTooLong.Error() + " [bad-syntax]\n"},
		"a line":       {head + "b A 192.0.2.1\na TXT " + strings.Repeat("x", 3*maxEntry), "main.zone:3 b.example. 300 A 192.0.2.1\nmain.zone:4: " + errEntryTooLong.Error() + " [bad-syntax]\n"},
		"an expansion": {head + "$GENERATE 1-2 a TXT " + strings.Repeat("${0,255}", maxEntry/200) + "\n", "main.zone:3: " + errEntryTooLong.Error() + " [bad-syntax]\n"},
	} {
		if got := read(t, c.files); got != c.want {
			t.Errorf("%s: got\n%.500s\nwant\n%s", what, got, c.want)
		}
	}
}

func TestReadFrom(t *testing.T) {
	t.Parallel()
	var out []string
	ReadFrom(strings.NewReader("a.example. 5 A 192.0.2.1\nb.example. A x\n"), "standard input", "",
		func(r *Record) { out = append(out, fmt.Sprint(r.File, r.Line)) }, func(p zone.Problem) { out = append(out, p.Error()) })
	if got := strings.Join(out, "|"); got != `standard input1|standard input:2:14: bad A: "x" [bad-syntax]` {
		t.Error(got)
	}
}

func TestNoSuchFile(t *testing.T) {
	t.Parallel()
	var got []zone.Problem
	path := filepath.Join(t.TempDir(), "none")
	Read(path, "", nil, func(p zone.Problem) { got = append(got, p) })
	if len(got) != 1 || got[0].File != path || got[0].Error() != path+": no such file or directory [unreadable]" {
		t.Error(got)
	}
}

func TestRelativePathsStayRelative(t *testing.T) {
	t.Parallel()
	if got := display("zones/a", "/nowhere/else"); filepath.IsAbs(got) || !strings.HasSuffix(got, "../nowhere/else") {
		t.Errorf("shown as %s", got)
	}
	if got := display("/zones/a", "nowhere/else"); got != "/nowhere/else" {
		t.Errorf("shown as %s", got)
	}
}

func TestAFolderIsNoFile(t *testing.T) {
	t.Parallel()
	if got := read(t, head+"a A 192.0.2.1\n$INCLUDE .\nb A 192.0.2.2\n"); !strings.Contains(got, "is a directory [unreadable]\nmain.zone:5 b") {
		t.Error(got)
	}
}

// TestIncludesAreCounted: a few small files can include each other's copies without end, seven deep or not.
func TestIncludesAreCounted(t *testing.T) {
	t.Parallel()
	more := filepath.Join(t.TempDir(), "more")
	if err := os.WriteFile(more, []byte("a.example. 5 A 192.0.2.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	records, problems := 0, []zone.Problem(nil)
	p := &parser{given: "x", included: maxIncluded - 1, give: func(*Record) { records++ }, report: func(p zone.Problem) { problems = append(problems, p) }}
	p.read(&frame{in: newInput(strings.NewReader(strings.Repeat("$INCLUDE "+more+"\n", 2)), inputBlock), path: "/x", shown: "x"})
	if records != 1 || len(problems) != 1 || problems[0].Text != errIncludes.Error() {
		t.Errorf("%d records, %v", records, problems)
	}
}
