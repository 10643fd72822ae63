package zonefile

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zonecast/internal/checkout"
)

// TestAMemoChangesNothing: whatever was read before, files declare what they declare without a memo.
func TestAMemoChangesNothing(t *testing.T) {
	t.Parallel()
	parts := []string{
		"", "{}\n", "a:\n  type: A\n  value: 192.0.2.1\n", "a:\n  type: A\n  ttl: 60\n  value: 192.0.2.2\n", "b:\n  type: CNAME\n  value: a.example.\n",
		"b:\n  type: A\n  value: 192.0.2.3\n", "'':\n  type: NS\n  value: ns1.example.net.\n", "'':\n  type: SOA\n  value: {mname: ns1.example.net., rname: h.example.net.}\n",
		"'':\n  type: SOA\n  zonecast: {timestamp: off}\n", "c:\n  type: A\n  value: &x 192.0.2.1\nd:\n  type: A\n  value: *x\n", "e:\n  type: A\n  values: [192.0.2.1, 192.0.2.1]\n",
		"f:\n  type: A\n  value: 192.0.2.9\n  zonecast: {mode: replace, reason: x, expires: 2026-01-01}\n", "_timestamp:\n  type: TXT\n  value: x\n", "g:\n  type: A\n  value: bad\n", "h: 7\n",
		"i: !include other.yaml\n", "j:\n  type: A\n  value: 192.0.2.4\n  octodns: {excluded: [zonecast]}\n", "k:\n  type: A\n  value: 192.0.2.5\n  zonecast: {allow: [{check: x, reason: y}]}\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		opt := Options{Prefix: "zones/", DefaultTTL: 300}
		remembering := opt
		remembering.Memo = &Memo{}
		for range 4 {
			var files []checkout.File
			for i := range rapid.IntRange(1, 4).Draw(t, "files") {
				text := rapid.SampledFrom(parts).Draw(t, "first") + rapid.SampledFrom(parts).Draw(t, "second")
				files = append(files, checkout.File{Path: fmt.Sprintf("example/%d.yaml", i), Data: []byte(text)})
			}
			want, problems := Parse(files, opt)
			got, again := Parse(files, remembering)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("with a memo: %s", diff)
			}
			if diff := cmp.Diff(problems, again); diff != "" {
				t.Fatalf("problems with a memo: %s", diff)
			}
		}
	})
}

func TestAMemoIsUsedAndBounded(t *testing.T) {
	t.Parallel()
	text := func(from, n int) (out []byte) {
		for i := range n {
			out = fmt.Appendf(out, "h%d:\n  type: A\n  value: 192.0.2.1\n", from+i)
		}
		return out
	}
	opt := Options{DefaultTTL: 300, Memo: &Memo{records: maxMemo - 15}} // nearly full of what went before
	files := []checkout.File{{Path: "example/a.yaml", Data: text(0, 10)}, {Path: "example/b.yaml", Data: text(10, 10)}}
	Parse(files, opt)
	if m := opt.Memo; len(m.files) != 1 || m.records != maxMemo-15+10 || len(m.oldest) != 1 || m.oldest[0].path != "example/b.yaml" {
		t.Fatalf("%d files, %d records over the bound", len(m.files), m.records-maxMemo)
	}
	for k := range opt.Memo.files {
		opt.Memo.files[k] = opt.Memo.files[k][:3]
	}
	if z, _ := Parse(files[1:], opt); len(z.Zones) != 1 || z.Zones[0].Written != 3 {
		t.Fatalf("%+v", z)
	}
}
