package zonecast

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// noHeld are the words in the stages' code that look like the check of a held thing and are something else.
var noHeld = map[string]string{
	"module-file": "a unit", "zone-file": "a unit",
	"override":         "an entry of the log of decisions",
	"still-pointed-at": "which only `zonecast check` says",
	"child-zone":       "why a claim is shadowed", "zone-cut": "why a claim is shadowed",
	"kinds-break-module": "stands in docs/rules.md, with all checks of rules files",
}

// heldChecks finds the checks that held things may carry: literals with a hyphen, which nothing else in these
// packages looks like, and the plain words that gates and evaluation stop with.
func heldChecks(t *testing.T) map[string]string {
	t.Helper()
	word, hyphens := regexp.MustCompile(`^[a-z]+$`), regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	found := map[string]string{}
	for _, dir := range []string{"rules", "presenter", "presenter/merge", "publisher"} {
		paths, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || path == "presenter/findings.go" { // which only `zonecast check` says
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			take := func(e ast.Expr, pattern *regexp.Regexp) {
				if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil && pattern.MatchString(text) {
						found[text] = path
					}
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					take(n, hyphens)
				case *ast.SelectorExpr: // policy.Check, the one check of all findings
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "policy" && n.Sel.Name == "Check" {
						found["policy"] = path
					}
				case *ast.CallExpr: // stop("deleted", …)
					if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "stop" && len(n.Args) > 0 {
						take(n.Args[0], word)
					}
				case *ast.KeyValueExpr: // Check: "evaluation"
					if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "check") {
						take(n.Value, word)
					}
				}
				return true
			})
		}
	}
	for text := range noHeld {
		if found[text] == "" {
			t.Errorf("%s is in no stage any more: noHeld need not name it", text)
		}
		delete(found, text)
	}
	return found
}

// TestHeldIsDocumented: docs/held.md has a row for every check that a held thing may carry, and for no other.
func TestHeldIsDocumented(t *testing.T) {
	t.Parallel()
	checks, documented := heldChecks(t), map[string]bool{}
	for _, line := range strings.Split(read(t, "docs/held.md"), "\n") {
		if cells := strings.Split(line, " | "); len(cells) == 5 {
			for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cells[1], -1) {
				documented[m[1]] = true
			}
		}
	}
	for check, path := range checks {
		if !documented[check] {
			t.Errorf("docs/held.md has no row for %s of %s (noHeld is for what no row is for, such as the checks of docs/rules.md)", check, path)
		}
	}
	for check := range documented {
		if checks[check] == "" {
			t.Errorf("docs/held.md explains %s, which nothing is held by", check)
		}
	}
	if len(checks) < 30 {
		t.Errorf("only %d checks found: they are looked for in the wrong way", len(checks))
	}
}
