package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"zonecast/internal/inventory"
)

// configPage gives the YAML block of docs/config.md.
func configPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```yaml\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("docs/config.md has no YAML block")
	}
	return block
}

// effectiveDefaults are the defaults as they apply, those included that stand behind a zero.
func effectiveDefaults() Config {
	c := defaultConfig()
	c.settle()
	c.LocalProxy.Limits = c.LocalProxy.Limits.Effective()
	return c
}

// TestConfigPageLoads holds the page to what the program reads.
func TestConfigPageLoads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zonecast.yaml")
	if err := os.WriteFile(path, []byte(configPage(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, found, err := loadConfig(path)
	if err != nil || !found {
		t.Fatalf("found %v: %v", found, err)
	}
	// The guard's defaults stand behind zeros: they must decide as the page says.
	for _, owned := range []int{0, 1, 49, 50, 51, 2_499, 2_500, 100_000} {
		for _, gone := range []int{0, 1, 10, 11, 499, 500, 501} {
			shown, real := c.Rules.Guard.Allows(owned, gone, true), inventory.Guard{}.Allows(owned, gone, true)
			if (shown == nil) != (real == nil) {
				t.Errorf("guard, %d of %d: the page says %v, the default %v", gone, owned, shown, real)
			}
		}
	}
}

// TestConfigPageIsComplete demands every key of Config on the page, with its default or marked as an example.
func TestConfigPageIsComplete(t *testing.T) {
	t.Parallel()
	block := configPage(t)
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(block), &doc); err != nil {
		t.Fatal(err)
	}
	c := pageCheck{t: t, lines: strings.Split(block, "\n")}
	c.fields("", doc.Content[0], reflect.ValueOf(effectiveDefaults()), false)
}

type pageCheck struct {
	t     *testing.T
	lines []string
}

// fields compares a mapping with a struct, key by key; of an example only the keys count.
func (c pageCheck) fields(path string, node *yaml.Node, want reflect.Value, example bool) {
	for i := range want.NumField() {
		name, _, _ := strings.Cut(want.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "-" || !want.Type().Field(i).IsExported() {
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		key, value := child(node, name)
		if key == nil {
			c.t.Errorf("docs/config.md does not show %s", at)
			continue
		}
		c.value(at, value, want.Field(i), example || strings.Contains(c.lines[key.Line-1], "# example"))
	}
}

func (c pageCheck) value(at string, node *yaml.Node, want reflect.Value, example bool) {
	switch kind := want.Kind(); {
	case at == "rules.guard":
		c.fields(at, node, want, true) // TestConfigPageLoads compares its decisions
	case kind == reflect.Struct:
		c.fields(at, node, want, example)
	case kind == reflect.Pointer && want.Type().Elem().Kind() == reflect.Struct:
		c.fields(at, node, reflect.New(want.Type().Elem()).Elem(), true)
	case kind == reflect.Map && want.Type().Elem().Kind() == reflect.Struct:
		if len(node.Content) < 2 {
			c.t.Errorf("docs/config.md: %s needs an example", at)
			return
		}
		c.fields(at+".*", node.Content[1], reflect.New(want.Type().Elem()).Elem(), true)
	case !example:
		c.same(at, node, want)
	}
}

func (c pageCheck) same(at string, node *yaml.Node, want reflect.Value) {
	shown := reflect.New(want.Type())
	if err := node.Decode(shown.Interface()); err != nil {
		c.t.Errorf("%s: %v", at, err)
		return
	}
	got := shown.Elem()
	switch want.Kind() {
	case reflect.Slice, reflect.Map:
		if got.Len() == 0 && want.Len() == 0 {
			return
		}
	}
	if at == "localproxy.dns" && got.Len() > want.Len() {
		got = got.Slice(0, want.Len()) // a host without ::1
	}
	if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		c.t.Errorf("docs/config.md shows %s: %v, the default is %v", at, got, want)
	}
}

func child(node *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}
