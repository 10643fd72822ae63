package show

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"zonecast/internal/plan"
	"zonecast/internal/zone"
)

// One slip in a rule fails all its tests: the first few are told, then how many more, and what else is wrong is not lost.
func TestManyProblemsOfOneKind(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{}
	for i := range 13 {
		p.Problems = append(p.Problems, zone.Problem{Check: "test-failed", Severity: zone.Error, File: "rules/policy.yaml", Line: i + 1, Text: "it passes"})
		if i%6 == 0 {
			p.Problems = append(p.Problems, zone.Problem{Check: "no-ns", Severity: zone.Warning, File: "zones/a.example.yaml", Line: i + 1, Text: "no NS"})
		}
	}
	var want strings.Builder
	for i := range maxAlike {
		fmt.Fprintf(&want, "rules/policy.yaml:%d: error: it passes [test-failed]\n", i+1)
		if i == 0 {
			want.WriteString("zones/a.example.yaml:1: warning: no NS [no-ns]\n")
		}
	}
	want.WriteString("rules/policy.yaml: 8 more problems [test-failed]\nzones/a.example.yaml:7: warning: no NS [no-ns]\nzones/a.example.yaml:13: warning: no NS [no-ns]\n")
	if got := strings.Join(problemLines(p, false), "\n") + "\n"; got != want.String() {
		t.Errorf("got\n%s\nwant\n%s", got, want.String())
	}
	if got := len(problemLines(p, true)); got != len(p.Problems) {
		t.Errorf("%d lines of all", got)
	}
	p.Problems = p.Problems[:0]
	for i := range maxAlike + 1 { // a line that says "1 more" would be no shorter
		p.Problems = append(p.Problems, zone.Problem{Check: "a", File: "f", Line: i + 1, Text: "x"})
	}
	if got := problemLines(p, false); got[maxAlike] != "f:6: error: x [a]" {
		t.Errorf("%q", got)
	}
	var full bytes.Buffer
	if err := Text(&full, p, Options{}); err != nil || strings.Count(full.String(), "error: x") != maxAlike+1 {
		t.Errorf("%v\n%s", err, full.String())
	}
}
