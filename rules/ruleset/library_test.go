package ruleset

import (
	"os"
	"path/filepath"
	"testing"

	"zonecast/internal/checkout"
)

// library reads the shipped modules.
func library(t testing.TB) []checkout.File {
	t.Helper()
	paths, err := filepath.Glob("../modules/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no modules", err)
	}
	var files []checkout.File
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, checkout.File{Path: filepath.Base(p), Data: data})
	}
	return files
}

func TestLibraryPassesItsOwnTests(t *testing.T) {
	t.Parallel()
	r, problems := Load(library(t), Options{Prefix: "rules/modules/", Vars: map[string]string{"suffix": "corp.example."}, DefaultTTL: 300})
	for _, p := range problems {
		t.Error(p)
	}
	want := []string{"aliases", "pools", "servers", "services"}
	for i, m := range r.Modules() {
		if m.Name != want[i] || m.About == "" || len(m.tests) == 0 {
			t.Errorf("module %d: %+v, want %s with about and tests", i, m.Name, want[i])
		}
		for _, p := range m.RunTests() {
			t.Error(p)
		}
	}
	if len(r.Modules()) != len(want) {
		t.Errorf("%d modules, want %d", len(r.Modules()), len(want))
	}
}
