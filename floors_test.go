package zonecast

import (
	"bufio"
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// floors of the packages; a package that is not listed has the floor of the longest prefix that is.
var floors = map[string]int{
	"internal/durable": 0, "internal/service": 0,
	"internal/zone": 1, "internal/masterfile": 1,
	"internal":       2,
	"internal/api":   3,
	"rules":          3,
	"presenter":      3,
	"publisher":      3,
	"localproxy":     3,
	"cmd":            4,
	"ci":             4,
	"examples":       4,
	"":               4,
	"internal/store": 2,
}

func floorOf(pkg string) int {
	for p := pkg; ; p = path.Dir(p) {
		if f, ok := floors[p]; ok {
			return f
		}
		if p == "." {
			return floors[""]
		}
	}
}

// stages must not know each other: they meet in tables and releases only.
var stages = []string{"rules", "presenter", "publisher", "localproxy", "internal/api"}

func stageOf(pkg string) string {
	for _, s := range stages {
		if pkg == s || strings.HasPrefix(pkg, s+"/") {
			return s
		}
	}
	return ""
}

func sourceFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "data") {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".go") {
			files = append(files, filepath.ToSlash(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestFloors keeps imports pointing downward, and stages from importing each other (ARCHITECTURE.md).
func TestFloors(t *testing.T) {
	t.Parallel()
	for _, file := range sourceFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue // a test may use a store, or a whole pipeline
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		from := path.Dir(file)
		for _, imp := range parsed.Imports {
			quoted, _ := strconv.Unquote(imp.Path.Value)
			to, ours := strings.CutPrefix(quoted, "zonecast/")
			if !ours {
				continue
			}
			if floorOf(to) > floorOf(from) {
				t.Errorf("%s (floor %d) imports %s (floor %d): imports point downward only", file, floorOf(from), to, floorOf(to))
			}
			if a, b := stageOf(from), stageOf(to); a != "" && b != "" && a != b {
				t.Errorf("%s imports %s: stages never import each other", file, to)
			}
		}
	}
}

// maxLines is where a file wants to be two. STYLE: around 130 in the median, 400 is long.
const maxLines = 500

// TestFileSizes keeps files to one idea each, and main small.
func TestFileSizes(t *testing.T) {
	t.Parallel()
	for _, file := range sourceFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
			lines++
		}
		limit := maxLines
		if file == "cmd/zonecast/main.go" {
			limit = 100
		}
		if lines > limit {
			t.Errorf("%s has %d lines; %d is the limit", file, lines, limit)
		}
	}
}

// TestNoForbiddenPackages keeps out the names that gather everything.
func TestNoForbiddenPackages(t *testing.T) {
	t.Parallel()
	for _, file := range sourceFiles(t) {
		for _, part := range strings.Split(path.Dir(file), "/") {
			switch part {
			case "pkg", "util", "utils", "common", "manager", "helpers":
				t.Errorf("%s: no package is named %q", file, part)
			}
		}
	}
}
