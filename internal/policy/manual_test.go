package policy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zonecast/internal/checkout"
)

// manualText is docs/policy.md.
func manualText(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// manual is the policy that the manual shows.
func manual(t testing.TB) *Policy {
	t.Helper()
	blocks := regexp.MustCompile("(?s)```yaml\n(policy:.*?)```").FindAllStringSubmatch(manualText(t), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d policies in the manual", len(blocks))
	}
	return mustLoad(t, blocks[0][1])
}

// The examples of docs/policy.md are what they say, and everything there is stands in it.
func TestManual(t *testing.T) {
	t.Parallel()
	p := manual(t)
	for _, problem := range p.RunTests() {
		t.Error(problem)
	}
	for _, r := range p.rules {
		if len(r.tests) < 2 {
			t.Errorf("rule %s has %d tests", r.name, len(r.tests))
		}
	}
	text := manualText(t)
	words := slices.Concat(ruleKeys)
	for _, f := range fields {
		if !strings.Contains(f.name, ".") {
			words = append(words, f.name)
		}
	}
	for _, w := range words {
		if !strings.Contains(text, "\n| `"+w+"` |") {
			t.Errorf("%s is not in the manual", w)
		}
	}
	for _, f := range ownFunctions {
		if !strings.Contains(text, "\n| `"+f+"(") {
			t.Errorf("function %s is not in the manual", f)
		}
	}
	for _, key := range exceptKeys {
		if !strings.Contains(text, "`"+key+"`") {
			t.Errorf("key %s of exceptions is not in the manual", key)
		}
	}
}

// The shipped policy is sound.
func TestShippedPolicy(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../rules/modules/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, problems := Load(checkout.File{Path: File, Data: data}, "rules/modules/")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, problem := range p.RunTests() {
		t.Error(problem)
	}
}
