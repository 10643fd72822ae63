package ruleset

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zonecast/internal/checkout"
)

// The examples of docs/rules.md are what they say.
func TestManual(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []checkout.File
	kinds := 0
	for i, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		path := fmt.Sprintf("example%d.yaml", i)
		if strings.HasPrefix(m[1], "kinds:") {
			if kinds++; kinds > 1 { // those of an example of its own
				if _, problems := Load([]checkout.File{{Path: KindsFile, Data: []byte(m[1])}}, testOptions); len(problems) > 0 {
					t.Error(problems)
				}
				continue
			}
			path = KindsFile
		}
		list = append(list, checkout.File{Path: path, Data: []byte(m[1])})
	}
	r, problems := Load(list, testOptions)
	if len(problems) > 0 || len(r.Modules()) != len(list)-1 || len(list) < 4 {
		t.Fatal(problems, len(r.Modules()))
	}
	for _, m := range r.Modules() {
		for _, p := range m.RunTests() {
			t.Error(p)
		}
	}
	manualTables(t, r, string(text))
}

func manualTables(t *testing.T, r *Ruleset, text string) {
	_, section, _ := strings.Cut(text, "## Expressions")
	section, _, _ = strings.Cut(section, "\n## ")
	e, err := r.Entity("server", "web001", decode(t, []byte(`{"hostname":"Web001","site":"ams1","ipv4":"192.0.2.10","state":"up","cpus":8,"roles":["web","ntp"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(.+?)` \\| `(.+?)` \\|").FindAllStringSubmatch(section, -1) {
		module := "module: x\nkind: server\nrecords:\n  - name: x.example.\n    type: TXT\n    value: '\"{" + m[1] + "}\"'\n"
		one, problems := r.LoadModule(checkout.File{Path: "x.yaml", Data: []byte(module)})
		if one == nil {
			t.Error(m[1], problems)
			continue
		}
		list, err := one.EvalEntity(NewWorker(), e)
		if err != nil || len(list) != 1 {
			t.Error(m[1], list, err)
			continue
		}
		if got := string(list[0].Sets[0].Data[0][1:]); got != m[2] {
			t.Errorf("%s gives %q, the manual says %q", m[1], got, m[2])
		}
		for _, f := range functionNames() {
			if strings.Contains(m[1], f+"(") {
				seen[f] = true
			}
		}
	}
	for _, f := range functionNames() {
		if !seen[f] {
			t.Errorf("function %s has no example in the manual", f)
		}
	}
	for _, key := range slices.Concat(moduleKeys, recordKeys, poolKeys, numberKeys) {
		if !strings.Contains(text, "| `"+key+"` |") {
			t.Errorf("key %s is not in the manual", key)
		}
	}
	for _, base := range scalarBases {
		if !strings.Contains(text, "| `"+base+"` |") {
			t.Errorf("type %s is not in the manual", base)
		}
	}
}
