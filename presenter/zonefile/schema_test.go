package zonefile

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	keysRead  = regexp.MustCompile(`\.(?:object|wire)\([\w.]+, (?:"([^"]+)"|"a "\+typ\+" value"), (?:\w+, )?((?:\s*"\w+",?)+)\)`)
	quotedKey = regexp.MustCompile(`"(\w+)"`)
)

// The schema that editors use has the keys that are read, and no others: every mapping that this package reads is looked up in it.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	type keys map[string]json.RawMessage
	var s struct {
		Definitions map[string]struct{ Properties keys }
	}
	text, err := os.ReadFile("../../ci/schema/zones.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	named := map[string][]string{"a record": {"record"}, "zonecast": {"override"}, "zonecast of a SOA": {"settings"}, "an exception": {"exception"}, "": {"SVCB", "HTTPS"}}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range keysRead.FindAllStringSubmatch(string(source), -1) {
			definitions, ok := named[m[1]]
			if !ok {
				definitions = []string{strings.Fields(m[1])[1]}
			}
			var want []string
			for _, q := range quotedKey.FindAllStringSubmatch(m[2], -1) {
				want = append(want, q[1])
			}
			slices.Sort(want)
			for _, d := range definitions {
				found[d] = true
				if got := slices.Sorted(maps.Keys(s.Definitions[d].Properties)); !slices.Equal(got, want) {
					t.Errorf("%s: %q has %v, read are %v", path, d, got, want)
				}
			}
		}
	}
	for d, has := range s.Definitions {
		if len(has.Properties) > 0 && !found[d] && !strings.HasSuffix(d, "-older") {
			t.Errorf("nothing reads %q", d)
		}
	}
	for typ := range types {
		if _, ok := s.Definitions[typ]; !ok {
			t.Errorf("type %s is not in the schema", typ)
		}
	}
	if params := slices.Sorted(maps.Keys(paramKeys(t, s.Definitions["SVCB"].Properties["svcparams"]))); !slices.Equal(params, slices.Sorted(slices.Values(svcParams))) {
		t.Errorf("svcparams are %v, read are %v", params, svcParams)
	}
}

func paramKeys(t *testing.T, text json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	var p struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p.Properties
}
