package ruleset

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
)

// schemaKeys gives the keys that a schema has at a place: "" for the file, else one of its definitions.
func schemaKeys(t *testing.T, file, definition string) []string {
	t.Helper()
	type node struct {
		Properties  map[string]json.RawMessage
		Definitions map[string]struct {
			Properties map[string]json.RawMessage
		}
	}
	text, err := os.ReadFile("../../ci/schema/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var s node
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if definition == "" {
		return slices.Sorted(maps.Keys(s.Properties))
	}
	return slices.Sorted(maps.Keys(s.Definitions[definition].Properties))
}

// The schemas that editors use have the keys that are read, and no others.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, definition string
		want             []string
	}{
		{"rules.json", "", moduleKeys}, {"rules.json", "record", recordKeys}, {"rules.json", "pool", poolKeys}, {"rules.json", "number", numberKeys},
		{"rules.json", "test", testKeys}, {"kinds.json", "", []string{"kinds"}}, {"kinds.json", "attribute", attributeKeys},
	} {
		if got := schemaKeys(t, c.file, c.definition); !slices.Equal(got, slices.Sorted(slices.Values(c.want))) {
			t.Errorf("%s %s has %v, read are %v", c.file, c.definition, got, c.want)
		}
	}
	var s struct {
		Definitions struct {
			Scalar, Record struct {
				Enum       []string
				Properties struct{ Type struct{ Enum []string } }
			}
		}
	}
	for file, want := range map[string][]string{"kinds.json": scalarBases, "rules.json": recordTypes} {
		text, err := os.ReadFile("../../ci/schema/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		got := s.Definitions.Scalar.Enum
		if file == "rules.json" {
			got = s.Definitions.Record.Properties.Type.Enum
		}
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s has the types %v, read are %v", file, got, want)
		}
	}
}
