package zonefile

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page's examples load without a problem, and it knows every check.
func TestThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/zones.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n# ([^\n]+)\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 3 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		if zones, problems := parse(b[1], b[2]); len(problems) > 0 || len(zones.Zones) != 1 {
			t.Errorf("%v in\n%s", problems, b[2])
		}
	}
	paths, _ := filepath.Glob("testdata/bad/*.yaml")
	warnings, _ := filepath.Glob("testdata/warn/*.yaml")
	for _, path := range append(paths, warnings...) {
		if code := strings.TrimSuffix(filepath.Base(path), ".yaml"); !strings.Contains(string(page), "`"+code+"`") {
			t.Errorf("the page does not know %s", code)
		}
	}
}
