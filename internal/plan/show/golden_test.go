package show

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zonecast/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each file in testdata is a plan and how it looks in each form; a page without its style and script.
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p := new(plan.Plan)
			if err := json.Unmarshal(archive.Files[0].Data, p); err != nil {
				t.Fatal(err)
			}
			got := &txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
			add := func(name string, text []byte) {
				got.Files = append(got.Files, txtar.File{Name: name, Data: text})
			}
			add("text", text(t, p, Options{Limit: 100}))
			add("terminal", []byte(strings.ReplaceAll(string(text(t, p, Options{Color: true, Limit: 2})), "\x1b", "ESC")))
			add("markdown", markdown(t, p))
			add("page", withoutOurs(html(t, p)))
			if *update {
				if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for i, f := range got.Files {
				if i >= len(archive.Files) || !bytes.Equal(archive.Files[i].Data, f.Data) {
					t.Errorf("%s: another %s (-update writes it anew):\n%s", path, f.Name, f.Data)
				}
			}
		})
	}
}

func text(t *testing.T, p *plan.Plan, opt Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, p, opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func markdown(t *testing.T, p *plan.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func html(t *testing.T, p *plan.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var hashes = regexp.MustCompile(`sha256-[^'"]*`)

// withoutOurs takes out of a page what is the same in all.
func withoutOurs(page []byte) []byte {
	page = bytes.Replace(page, []byte(pageScript), nil, 1)
	page = bytes.Replace(page, []byte(pageStyle), nil, 1)
	return hashes.ReplaceAll(page, []byte("HASH"))
}

// The example of the manual is what is printed.
func TestManual(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "```text\n" + string(text(t, golden(t, "manual"), Options{Limit: 100})) + "```\n"; !strings.Contains(string(page), want) {
		t.Errorf("docs/plan.md has not this example:\n%s", want)
	}
	for _, text := range []string{MarkdownMark, "65,000 characters"} {
		if !strings.Contains(string(page), text) {
			t.Errorf("docs/plan.md does not say %q", text)
		}
	}
}
