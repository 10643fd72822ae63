package ruleset

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zonecast/internal/checkout"
	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
)

var update = flag.Bool("update", false, "write the golden files")

func testKinds(t testing.TB) checkout.File {
	t.Helper()
	data, err := os.ReadFile("testdata/kinds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return checkout.File{Path: KindsFile, Data: data}
}

var testOptions = Options{Vars: map[string]string{"suffix": "prod.example."}, DefaultTTL: 300}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, -update writes it):\n%s", path, diff)
	}
}

// Every check has a file that trips it: the file's name is the check, the golden file has the place and the words.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		files := []checkout.File{testKinds(t), {Path: name, Data: data}}
		if strings.HasPrefix(string(data), "kinds:") {
			files = []checkout.File{{Path: KindsFile, Data: data}}
		}
		r, problems := Load(files, testOptions)
		for _, m := range r.Modules() {
			problems = append(problems, m.RunTests()...)
		}
		check := strings.TrimSuffix(name, ".yaml")
		if !slices.ContainsFunc(problems, func(p zone.Problem) bool { return p.Check == check }) {
			t.Errorf("%s gives no problem %q: %v", name, check, problems)
		}
		for _, p := range problems {
			if p.File == "" || p.Line == 0 || p.Column == 0 || strings.Contains(p.Text+p.Fix, "\n") {
				t.Errorf("%s: no place, or more than one line: %+v", name, p)
			}
			fmt.Fprintln(&got, p)
		}
	}
	golden(t, "testdata/bad.golden", got.String())
}

// What no single file in testdata can show.
func TestBadFolders(t *testing.T) {
	t.Parallel()
	good := "module: good\nkind: server\nrecords:\n  - {name: x.example., type: A, value: '{ipv4}'}\n"
	many := []checkout.File{testKinds(t)}
	for i := range maxModules + 1 {
		many = append(many, checkout.File{Path: fmt.Sprintf("m%04d.yaml", i), Data: fmt.Appendf(nil, "module: m%d%s", i, strings.TrimPrefix(good, "module: good"))})
	}
	for check, files := range map[string][]checkout.File{
		"file-too-large":   {testKinds(t), {Path: "a.yaml", Data: make([]byte, strictyaml.MaxFile+1)}},
		"duplicate-module": {testKinds(t), {Path: "a.yaml", Data: []byte(good)}, {Path: "b.yaml", Data: []byte(good)}},
		"kinds-missing":    {{Path: "a.yaml", Data: []byte(good)}},
		"kinds-broken":     {{Path: KindsFile, Data: []byte("kinds: 1\n")}, {Path: "a.yaml", Data: []byte(good)}},
		"too-many-files":   many,
	} {
		_, problems := Load(files, testOptions)
		if !slices.ContainsFunc(problems, func(p zone.Problem) bool { return p.Check == check }) {
			t.Errorf("no problem %q in %v", check, problems)
		}
	}
}

// The code, the fixtures and docs/rules.md name the same checks.
func TestEveryCheckIsShownAndDocumented(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\|.*\\|$").FindAllStringSubmatch(string(manual), -1) {
		documented[m[1]] = true
	}
	tested, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, path := range tested {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(data)
	}
	var sources []string
	for _, folder := range []string{".", "../../internal/strictyaml", "../../internal/expression"} {
		list, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, list...)
	}
	pattern := regexp.MustCompile(`(?:Fail|FailAt|Add|fail|fileProblem)\((?:[a-zA-Z.]+, )?"([a-z0-9-]+)"|Check: +"([a-z0-9-]+)"|m\.problem\(e, \w+, "([a-z-]+)"|return nil, "([a-z-]+)", `)
	found := 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pattern.FindAllStringSubmatch(string(data), -1) {
			check := m[1] + m[2] + m[3] + m[4]
			found++
			if !documented[check] {
				t.Errorf("%s: check %q is not in docs/rules.md", path, check)
			}
			if _, err := os.Stat("testdata/bad/" + check + ".yaml"); err != nil && !strings.Contains(tests.String(), `"`+check+`"`) {
				t.Errorf("%s: check %q has no fixture and no test", path, check)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d checks found in the sources: the pattern is out of date", found)
	}
}
