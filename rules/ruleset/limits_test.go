package ruleset

import (
	"fmt"
	"strings"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/expression"
	"zonecast/internal/strictyaml"
)

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "%", fmt.Sprint(i)))
	}
	return b.String()
}

// P9: each bound holds, and one less is taken.
func TestLimitsOfModules(t *testing.T) {
	t.Parallel()
	const record = "  - {name: x.example., type: A, value: '{ipv4}'}\n"
	for name, c := range map[string]struct {
		check string
		make  func(n int) string
		limit int
	}{
		"records": {"wrong-type", func(n int) string { return "records:\n" + strings.Repeat(record, n) }, maxRecords},
		"values": {"wrong-type", func(n int) string {
			return "records:\n  - {name: x.example., type: A, values: [" + strings.Repeat("192.0.2.1,", n) + "]}\n"
		}, maxRecords},
		"tests": {"bad-test", func(n int) string {
			return "records:\n" + record + "tests:\n" + strings.Repeat("  - {given: {hostname: a}, expect: ''}\n", n)
		}, maxTests},
		"text":       {"yaml-too-large", func(n int) string { return "about: '" + strings.Repeat("x", n) + "'\nrecords:\n" + record }, strictyaml.MaxText},
		"expression": {"bad-expression", func(n int) string { return "when: 'id == \"" + strings.Repeat("x", n-8) + "\"'\nrecords:\n" + record }, expression.MaxOctets},
		"depth": {"yaml-too-large", func(n int) string {
			return "records:\n" + record + "tests:\n  - {expect: '', given: {roles: " + strings.Repeat("[", n-4) + strings.Repeat("]", n-4) + "}}\n"
		}, strictyaml.MaxDepth},
		"pieces": {"bad-template", func(n int) string {
			return "records:\n  - {name: x.example., type: TXT, value: '" + strings.Repeat("{id}", n) + "'}\n"
		}, maxPieces},
		"expr nodes": {"bad-expression", func(n int) string { return "when: '" + strings.Repeat("!", n-1) + "virtual'\nrecords:\n" + record }, expression.MaxNodes},
		"yaml nodes": {"yaml-too-large", func(n int) string {
			return "records:\n" + record + "tests:\n  - {expect: '', given: {roles: [" + strings.Repeat("a,", n-23) + "]}}\n"
		}, strictyaml.MaxNodes},
		"module name": {"bad-module-name", func(n int) string { return "records:\n" + record + "#" + strings.Repeat("m", n) }, 63},
	} {
		load := func(n int) (checks []string) {
			module := "x"
			if name == "module name" {
				module = strings.Repeat("m", n)
			}
			_, problems := Load([]checkout.File{testKinds(t), {Path: "m.yaml", Data: []byte("module: " + module + "\nkind: server\n" + c.make(n))}}, testOptions)
			for _, p := range problems {
				checks = append(checks, p.Check)
			}
			return checks
		}
		if got := load(c.limit); len(got) > 0 {
			t.Errorf("%s: %d is refused: %v", name, c.limit, got)
		}
		if got := load(c.limit + 2); len(got) == 0 || got[0] != c.check {
			t.Errorf("%s: %d gives %v, want %s", name, c.limit+2, got, c.check)
		}
	}
}

func TestLimitsOfKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make  func(n int) string
		limit int
	}{
		"kinds":      {func(n int) string { return repeat(n, "  k%: {a: label}\n") }, maxKinds},
		"attributes": {func(n int) string { return "  k:\n" + repeat(n, "    a%: label\n") }, maxAttrs},
		"enum words": {func(n int) string { return "  k:\n    a: {enum: [" + repeat(n, "w%, ") + "]}\n" }, maxAttrs},
	} {
		for extra, wrong := range []bool{false, true} {
			_, problems := Load([]checkout.File{{Path: KindsFile, Data: []byte("kinds:\n" + c.make(c.limit+extra))}}, testOptions)
			if got := len(problems) > 0 && problems[0].Check == "bad-kind"; got != wrong {
				t.Errorf("%s: %d gives %v", name, c.limit+extra, problems)
			}
		}
	}
}
