package policy

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The schema that editors use has the keys that are read, and no others.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	type keys = map[string]struct{ Description string }
	var s struct {
		Properties  keys
		Definitions map[string]struct{ Properties keys }
	}
	text, err := os.ReadFile("../../ci/schema/policy.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	for definition, want := range map[string][]string{"": topKeys, "rule": ruleKeys, "exception": exceptKeys, "test": testKeys, "given": givenKeys, "old": oldKeys} {
		got := s.Definitions[definition].Properties
		if definition == "" {
			got = s.Properties
		}
		if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, slices.Sorted(slices.Values(want))) {
			t.Errorf("%q has %v, read are %v", definition, have, want)
		}
	}
	for _, f := range fields {
		if d := s.Definitions["rule"].Properties["when"].Description; !strings.Contains(f.name, ".") && !strings.Contains(d, f.name) {
			t.Errorf("the field %s is not named at when", f.name)
		}
	}
}
