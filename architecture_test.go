package zonecast

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestArchitectureIsTrue holds ARCHITECTURE.md to the tree: every test it names exists, every package is on the page,
// and every promise has its row.
func TestArchitectureIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	tests, packages := map[string]bool{}, map[string]bool{}
	for _, file := range sourceFiles(t) {
		packages[path.Dir(file)] = true
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			tests[m[1]] = true
		}
	}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("ARCHITECTURE.md names %s, which does not exist", m[1])
		}
	}
	for dir := range packages {
		if floorOf(dir) < 4 && !strings.Contains(page, "`"+dir+"`") && !strings.Contains(page, "`"+path.Base(dir)+"`") {
			t.Errorf("ARCHITECTURE.md does not name package %s", dir)
		}
	}
	for _, p := range strings.Split("P1 P2 P3 P4 P5 P6 P7 P8 P9", " ") {
		if !strings.Contains(page, "\n| "+p+" |") {
			t.Errorf("ARCHITECTURE.md has no row for %s", p)
		}
	}
}
