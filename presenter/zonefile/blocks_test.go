package zonefile

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// pieces are parts of files: good, bad, and such as a cut could tear apart.
var pieces = []string{
	"{name}:\n  type: A\n  value: 192.0.2.1\n", "{name}: {type: A, value: 192.0.2.1}\n", "{name}:\n- type: TXT\n  value: a\n- type: A\n  value: 192.0.2.1\n",
	"# a comment\n\n", "{name}:\n  type: TXT\n  value: >-\n    folded\n    text\n", "{name}:\n  - type: TXT\n    value: |\n      x\n", "'{name}':\n  type: A\n  value: 192.0.2.300\n",
	"{name}: {type: A,\nvalue: 192.0.2.1}\n", "{name}:\n  type: TXT\n  value: \"quoted\n\n  text\"\n", "{name}:\n  type: TXT\n  value: \"at the\nmargin: x\"\n", "{name}:\n  type: TXT\n  value: 'at the\nmargin'\n",
	"{name}: &a {type: A, value: 192.0.2.1}\n", "{name}: *a\n", "{name}: !include x.yaml\n", "---\n", "...\n", "{name}:\n  type: [A\n", "? {name}\n: {type: A, value: 192.0.2.1}\n", "  {name}: {type: A}\n",
	"same: {type: A, value: 192.0.2.1}\n", "{name}:\n  type: A\n  value: 192.0.2.1\n  zonecast: {mode: replace, reason: x}\n", "plain text\n", "{name}: plain\n  going on\n", "'': {type: SOA, zonecast: {timestamp: off}}\n", "\r\n", "{name}:\r\n  type: A\r\n  value: 192.0.2.1\r\n",
	"\ufeff{name}: {type: A, value: 192.0.2.1}\n", "# one line\r{name}: {type: A, value: 192.0.2.2}\r...\n", "# one\u2028two\n", "{name}: {type: TXT, value: a\u0085b}\n", "\"{name}\": {type: TXT, value: '{}: # ['}\n",
	"\"{name}\n  x\": {type: A, value: 192.0.2.1}\n", "'{name}\n\nx': {type: A, value: 192.0.2.1}\n", "--- # comment\n", "{name}: # comment\n\n  type: A\n# comment\n  value: 192.0.2.1\n", "{name}:\n- \n  type: A\n  value: 192.0.2.1\n",
	"{name}:\n  type: TXT\n  values:\n  - |2-\n      x\n  - \"a\\\n    b\"\n", "{name}: {type: TXT, values: [a, # x\n  b]}\n", "- a\n", "{name}\n", "{name} : \n    type: A\n    value: 192.0.2.1\n", "%YAML 1.1\n", "\t{name}: x\n", "{name}: {type: A, value: 192.0.2.1} ---\n",
}

// A file that is read in blocks, each of a few lines, is what it is when it is read as a whole; or it is not read in blocks.
func TestBlocksAreTheWhole(t *testing.T) {
	t.Parallel()
	torn := 0
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		if rapid.Bool().Draw(t, "marker") {
			b.WriteString("---\n")
		}
		good := rapid.Bool().Draw(t, "good")
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(pieces)-1), 1, 12).Draw(t, "pieces") {
			if good {
				i %= 7
			}
			b.WriteString(strings.ReplaceAll(pieces[i], "{name}", rapid.StringMatching(`[a-d]{1,3}`).Draw(t, "name")))
		}
		if sameInBlocks(t, []byte(b.String())) {
			torn++
		}
	})
	if torn < 20 {
		t.Errorf("%d files were read in blocks", torn)
	}
}

// sameInBlocks reads a file in blocks as small as they can be, and as a whole, and fails unless both are the same. It tells whether it
// can be read in blocks.
func sameInBlocks(t interface {
	Helper()
	Fatalf(string, ...any)
}, text []byte) bool {
	t.Helper()
	f := checkout.File{Path: "example.com.yaml", Data: text}
	read := func(size int) (*builder, bool) {
		apex, _ := ZoneOf(f.Path)
		z := &builder{opt: options, apex: apex, seen: map[key]int{}, facts: row.ZoneFacts{Timestamp: true}, layout: LayoutOf([]checkout.File{f}),
			shared: &shared{from: map[*yaml.Node]string{}, roots: map[string]*yaml.Node{}}, blockwise: size, blockSize: 1}
		inBlocks := z.inBlocks(f)
		if !inBlocks {
			z.file(f)
		}
		return z, inBlocks
	}
	whole, _ := read(1 << 30)
	parts, inBlocks := read(0)
	if !cmp.Equal(whole.records, parts.records, cmpopts.EquateEmpty()) || !slices.Equal(whole.problems, parts.problems) || !cmp.Equal(whole.exceptions, parts.exceptions, cmpopts.EquateEmpty()) ||
		whole.mark() != parts.mark() || len(whole.seen) != len(parts.seen) {
		t.Fatalf("%q\n%v\n%v\n%s", text, whole.problems, parts.problems, cmp.Diff(whole.records, parts.records))
	}
	return inBlocks
}

// Whatever a file holds, it is the same in blocks and as a whole.
func FuzzBlocks(f *testing.F) {
	for _, p := range pieces {
		f.Add([]byte("a: {type: A, value: 192.0.2.1}\n" + strings.ReplaceAll(p, "{name}", "b") + "c: {type: A, value: 192.0.2.1}\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) < 4096 {
			sameInBlocks(t, text)
		}
	})
}

// A large file with an error in its last line has all its lines counted.
func TestLinesInBlocks(t *testing.T) {
	t.Parallel()
	text := manyNames(20_000) + "last: {type: A, value: x}\nhost7: {type: A, value: 192.0.2.1}\n"
	zones, problems := parse("example.com.yaml", text)
	last := strings.Count(text, "\n")
	if len(zones.Broken) != 1 || len(problems) != 2 || problems[0].Line != last-1 || problems[1].Line != last || problems[1].Check != "duplicate-key" {
		t.Fatalf("%v", problems)
	}
	zones, problems = parse("example.com.yaml", manyNames(20_000))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	host, _ := zone.ParseName("host19999.example.com.")
	i := slices.IndexFunc(zones.Zones[0].Records, func(r Record) bool { return r.Owner == host })
	if r := zones.Zones[0].Records[i]; r.Line != 4+4*19_999 {
		t.Errorf("line %d", r.Line)
	}
}

// What stands at the margin behind an indented root is no second document to the YAML library, and is not lost silently.
func TestIndentedRoot(t *testing.T) {
	t.Parallel()
	_, problems := parse("example.com.yaml", "  a: {type: A, value: 192.0.2.1}\nb: {type: A, value: 192.0.2.2}\n")
	if len(problems) != 1 || problems[0].Check != "yaml-syntax" || problems[0].Line != 2 {
		t.Fatalf("%v", problems)
	}
}
