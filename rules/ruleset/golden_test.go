package ruleset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zonecast/internal/checkout"
)

// Each archive has a module, the entities it is given (NDJSON: id and attributes) and what it must make of them.
func TestGoldenModules(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/eval/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]*txtar.File{}
			for i := range archive.Files {
				parts[archive.Files[i].Name] = &archive.Files[i]
			}
			r, problems := Load([]checkout.File{testKinds(t), {Path: "module.yaml", Data: parts["module.yaml"].Data}}, testOptions)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			got := printAll(t, r.Modules()[0], parts["entities.ndjson"].Data)
			if *update {
				parts["want"].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(parts["want"].Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func printAll(t *testing.T, m *Module, ndjson []byte) string {
	var out strings.Builder
	w := NewWorker()
	for line := range bytes.Lines(ndjson) {
		attrs := decode(t, line)
		id := attrs["id"].(string)
		delete(attrs, "id")
		fmt.Fprintf(&out, "# %s\n", id)
		list, err := m.Eval(w, m.Kind, id, attrs)
		if err != nil {
			fmt.Fprintln(&out, "error:", err)
		}
		for _, c := range list {
			for _, set := range c.Sets {
				fmt.Fprintln(&out, strings.Join(set.Lines(c.Owner), "\n"))
			}
		}
	}
	return out.String()
}

func decode(t testing.TB, text []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	attrs := map[string]any{}
	if err := d.Decode(&attrs); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return attrs
}
