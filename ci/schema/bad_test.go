package schema

import (
	"os"
	"path/filepath"
	"testing"
)

// Of the seeded mistakes that zonecast check is tested with the schemas see those of shape; what is right by itself they let pass.
func TestSeededMistakes(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct {
		name  string
		valid bool
	}{
		"rules/both.yaml": {"rules", false}, "rules/shape.yaml": {"rules", false}, "rules/word.yaml": {"rules", false}, "rules/key.yaml": {"rules", false},
		"rules/unquoted.yaml": {"rules", false}, "rules/policy.yaml": {"policy", false}, "rules/servers.yaml": {"rules", true}, "rules/zz-again.yaml": {"rules", true},
		"zones/list.example.yaml": {"zones", false}, "zones/overrides.example.yaml": {"zones", false}, "zones/records.example.yaml": {"zones", false},
		"zones/empty.example.yaml": {"zones", false}, "zones/tab.example.yaml": {"zones", false}, "zones/good.example.yaml": {"zones", true}, "zones/child.good.example.yaml": {"zones", true},
		"zones/warned.example.yaml": {"zones", true}, "zones/missing.example.yaml": {"zones", true}, // that an included file is missing is no matter of shape
		"zonecast.yaml": {"config", false},
	} {
		text, err := os.ReadFile(filepath.Join("../../cmd/zonecast/testdata/bad", file))
		if err != nil {
			t.Fatal(err)
		}
		v, err := instance(text)
		if err == nil {
			err = compile(t, c.name).Validate(v)
		}
		if (err == nil) != c.valid {
			t.Errorf("%s as %s: %v", file, c.name, err)
		}
	}
}
