package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := Files.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance reads YAML as an editor does before it validates.
func instance(text []byte) (any, error) {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	data, err := json.Marshal(plain(v))
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(data))
}

// plain makes what YAML has and JSON has not text: days, and keys that are numbers.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.RFC3339)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprint(k)] = plain(x)
		}
		return m
	}
	return v
}

// Everything that is shipped is what the schemas say.
func TestShippedFilesAreValid(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	check := func(name, where string, text []byte) {
		seen[name]++
		v, err := instance(text)
		if err == nil {
			err = compile(t, name).Validate(v)
		}
		if err != nil {
			t.Errorf("%s is no %s: %v", where, name, err)
		}
	}
	for pattern, name := range map[string]string{
		"../../zones/*.yaml": "zones", "../../examples/*/zones/*.yaml": "zones", "../../rules/modules/*.yaml": "rules", "../../examples/*/rules/*.yaml": "rules",
		"../../zonecast.yaml": "config", "../../examples/*/zonecast.yaml": "config", "../../examples/cluster/*.yaml": "config",
		"../../presenter/zonefile/testdata/good/*.yaml": "zones",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			kind := name
			switch filepath.Base(path) {
			case "kinds.yaml":
				kind = "kinds"
			case "policy.yaml":
				kind = "policy"
			}
			check(kind, path, text)
		}
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for page, name := range map[string]string{"rules": "rules", "zones": "zones", "policy": "policy", "config": "config"} {
		text, err := os.ReadFile("../../docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range blocks.FindAllStringSubmatch(string(text), -1) {
			kind := name
			if strings.HasPrefix(m[1], "kinds:") {
				kind = "kinds"
			}
			check(kind, fmt.Sprintf("block %d of docs/%s.md", i+1, page), []byte(m[1]))
		}
	}
	for _, name := range Names {
		if seen[name] < 2 {
			t.Errorf("%d files of %s", seen[name], name)
		}
	}
}

// What an editor can see, it sees.
func TestMistakesAreInvalid(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]string{
		"zones": {
			"www: {type: A, value: 192.0.2.256}", "www: {type: A, vale: 192.0.2.1}", "www: {value: 192.0.2.1}", "www: {type: A, ttl: -1, value: 192.0.2.1}", "www: {type: A, ttl: 5m, value: 192.0.2.1}",
			"www: {type: AAAA, value: 192.0.2.1}", "www: {type: CNAME, value: web}", "www: {type: CNAME, values: [a.example., b.example.]}", "'': {type: MX, value: {preference: 10, exchange: mail}}",
			"'': {type: MX, value: {preference: 70000, exchange: mail.example.}}", "'': {type: MX, value: 10 mail.example.}", "'': {type: SOA, value: {serial: 1}}", "'': {type: SOA, zonecast: {mode: replace}}",
			"www: {type: A, value: 192.0.2.1, values: [192.0.2.2]}", "www: {type: A, value: 192.0.2.1, zonecast: {mode: replaces}}", "www: {type: A, value: 192.0.2.1, zonecast: {expires: tomorrow}}",
			"www: {type: A, value: 192.0.2.1, zonecast: {allow: [{check: no-ns}]}}", "www: {type: SRV, value: {priority: 1, weight: 1, port: 1}}", "www: []", "www: 192.0.2.1", "- www",
			"www: {type: HTTPS, value: {svcpriority: 1, targetname: a.example., svcparams: {apln: [h2]}}}", "www: {type: A, value: 192.0.2.1, zonecast: {serial: literal}}",
		},
		"rules": {
			"module: a", "module: A\nkind: server\nrecords: []", "module: a\nkind: server\nrecords: [{name: a., type: SOA, value: x}]", "module: a\nkind: server\nrecords: [{name: a., type: A}]",
			"module: a\nkind: server\nrecords: [{name: a., type: A, value: x, values: [x]}]", "module: a\nkind: server\nwen: x\nrecords: [{name: a., type: A, value: x}]",
			"module: a\nkind: server\nrecords: [{name: a., type: A, value: x, pool: {at_most: 0}}]", "module: a\nkind: server\nrecords: [{name: a., type: A, value: x, number: {grace: 1 day, of: it}}]",
			"module: a\nkind: server\ngo: x\nprocess: y", "module: a\nkind: server\nshared: maybe\nrecords: [{name: a., type: A, value: x}]", "module: a\nkind: server\nttl: 5m\nrecords: [{name: a., type: A, value: x}]",
			"module: a\nkind: server\nrecords: [{name: a., type: A, value: x}]\ntests: [{given: {}}]",
		},
		"kinds": {"kinds: {}", "kind: {}", "kinds: {server: {ipv4: ipv5}}", "kinds: {server: {a: {type: ipv4, list: label}}}", "kinds: {server: {a: {optional: true}}}", "kinds: {Server: {a: label}}", "kinds: {s: {a-b: label}}", "kinds: {s: {a: {list: {b: {list: label}}}}}", "kinds: {s: {a: {enum: [up, up]}}}"},
		"policy": {
			"rules: []", "policy: none", "policy: [{name: a, when: x}]", "policy: [{name: A b, when: x, message: y}]", "policy: [{name: a, when: x, message: y, severity: fatal}]", "policy: [{name: a, wen: x, when: x, message: y}]",
			"policy: [{name: a, when: x, message: y, except: [{reason: r}]}]", "policy: [{name: a, when: x, message: y, except: [{zone: example, reason: r}]}]", "policy: [{name: a, when: x, message: y, except: [{zone: example.}]}]",
			"policy: [{name: a, when: x, message: y, tests: [{given: {}, expect: fails}]}]", "policy: [{name: a, when: x, message: y, tests: [{given: {change: made}, expect: passes}]}]", "policy: [{name: a, when: x, message: y, tests: [{given: {owner: a}, expect: passes}]}]",
		},
		"config": {"colour: red", "http: {listen: 5380, port: 1}", "presenter: {ttl: -1}", "publisher: {heartbeat: often}", "rules: {inventory: fleet.yaml}", "publisher: {gates: {zones: {example.: {deletd: 1}}}}", "localproxy: {report: {off: maybe}}"},
	} {
		s := compile(t, name)
		for _, text := range list {
			v, err := instance([]byte(text))
			if err != nil {
				t.Errorf("%s: %s: %v", name, text, err)
				continue
			}
			if s.Validate(v) == nil {
				t.Errorf("%s: %s is valid", name, text)
			}
		}
	}
}

// Every key says what it means.
func TestEveryKeyIsDescribed(t *testing.T) {
	t.Parallel()
	for _, name := range Names {
		text, err := Files.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		definitions, _ := doc["definitions"].(map[string]any)
		var walk func(at string, v map[string]any)
		walk = func(at string, v map[string]any) {
			keys, _ := v["properties"].(map[string]any)
			for key, p := range keys {
				p, _ := p.(map[string]any)
				target := p
				if ref, ok := p["$ref"].(string); ok {
					target, _ = definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
				}
				if d, _ := target["description"].(string); d == "" && name != "config" {
					t.Errorf("%s.json: %s.%s has no description", name, at, key)
				}
				walk(at+"."+key, p)
			}
		}
		walk("", doc)
		for key, d := range definitions {
			walk(key, d.(map[string]any))
		}
	}
}
