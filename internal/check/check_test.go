package check

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/checks.md anew")

const root = "../.."

// said are codes that are the first word of an error, with the folder where that is made: their way into a Problem is
// through text.
var said = map[string]string{
	"name-full": "rules", "owned-by": "internal/inventory", "rev-conflict": "internal/inventory", "process-error": "rules/process",
	"process-failed": "rules/maker", "source-emptied": "presenter", "source-unlisted": "presenter",
}

// TestEveryCodeIsRegistered reads the source: what reports a code that is not in the list, or a code in the list that
// nothing reports, fails here. Add new ones to the list of their area.
func TestEveryCodeIsRegistered(t *testing.T) {
	t.Parallel()
	used := usedCodes(t, root)
	for code, dir := range said {
		if !isSaid(t, filepath.Join(root, dir), code) {
			t.Errorf("no text in %s begins with %q", dir, code)
		}
		used[code] = append(used[code], dir)
	}
	for code, dirs := range used {
		if _, ok := Find(code); !ok {
			t.Errorf("%q, used in %s, is not in the lists of this package", code, strings.Join(dirs, " and "))
		}
	}
	for _, c := range All() {
		if used[c.Code] == nil {
			t.Errorf("%q is listed, and nothing reports it", c.Code)
		}
	}
}

func isSaid(t *testing.T, dir, code string) (found bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				text, ok := literal(e)
				found = found || ok && strings.HasPrefix(text, code)
			}
			return true
		})
	}
	return found
}

func TestListIsInOrder(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range All() {
		switch {
		case seen[c.Code]:
			t.Errorf("%s stands twice", c.Code)
		case !codeForm.MatchString(c.Code):
			t.Errorf("%q is no code", c.Code)
		case c.Text == "" || c.Fix == "" || len(c.About) == 0 || strings.ContainsAny(c.Text+c.Fix, "\n\t|"):
			t.Errorf("%s: %+v", c.Code, c)
		case strings.HasSuffix(c.Text, ".") || len(c.Text) > 120 || len(c.Fix) > 120:
			t.Errorf("%s: one short line each", c.Code)
		}
		seen[c.Code] = true
	}
}

// TestCodesAreOnTheirPage holds the pages to the list: each code stands on the page of its area, where its surroundings
// are explained, and docs/checks.md has them all.
func TestCodesAreOnTheirPage(t *testing.T) {
	t.Parallel()
	read := map[string]string{}
	for _, c := range All() {
		page := c.Page()
		if page == checksPage {
			continue
		}
		if read[page] == "" {
			text, err := os.ReadFile(filepath.Join(root, page))
			if err != nil {
				t.Fatal(err)
			}
			read[page] = string(text)
		}
		if !strings.Contains(read[page], "`"+c.Code+"`") {
			t.Errorf("%s does not name `%s`", page, c.Code)
		}
	}
}

const checksPage = "docs/checks.md"

// marks enclose what is written from the lists.
const (
	begin = "<!-- the lists: go test ./internal/check -update -->\n"
	end   = "<!-- end of the lists -->\n"
)

func TestChecksPage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, checksPage)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks around its lists", checksPage)
	}
	want := head + begin + lists() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s differs from the lists of this package: go test ./internal/check -update", checksPage)
	}
}

// lists is the generated part of the page.
func lists() string {
	var b strings.Builder
	var area Area
	for _, c := range All() {
		if c.About[0] != area {
			area = c.About[0]
			fmt.Fprintf(&b, "\n### %s\n\n| code | severity | what is wrong | how to mend it |\n|---|---|---|---|\n", strings.ToUpper(string(area[:1]))+string(area[1:]))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Code, c.Severity, markdown(c.Text), markdown(c.Fix))
	}
	return b.String() + "\n"
}

// markdown keeps Markdown from reading a star or a backslash as its own.
func markdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`).Replace(s)
}
