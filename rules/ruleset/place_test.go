package ruleset

import (
	"fmt"
	"strings"
	"testing"

	"zonecast/internal/checkout"
)

// A fault in an expression points at the expression, however the text is written. The marker ~ is where.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, marked := range []string{
		`when: ~stat == "up"`,
		`when: '~stat == "up"'`,
		`when: 'state == ''up'' or ~stat == ''up'''`,
		`when: "state == \"up\" or ~stat == 'up'"`,
		`when: "note == \"\u00e9\" or ~stat == 'up'"`,
		`when: 'note == "é" or ~stat == "up"'`,
		"when: |\n  state == \"up\" or\n  ~stat == \"up\"",
		"when: |2\n   state == \"up\" or ~stat == \"up\"",
	} {
		text := "module: places\nkind: server\n" + marked + "\nrecords:\n  - {name: x.example., type: A, value: '{ipv4}'}\n"
		before, _, _ := strings.Cut(text, "~")
		line := strings.Count(before, "\n") + 1
		column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
		want := fmt.Sprintf("m.yaml:%d:%d: ", line, column)
		_, problems := Load([]checkout.File{testKinds(t), {Path: "m.yaml", Data: []byte(strings.ReplaceAll(text, "~", ""))}}, testOptions)
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), want) || problems[0].Check != "unknown-attribute" {
			t.Errorf("%s\ngives %v, want %s", marked, problems, want)
		}
	}
}

// Traps of writing YAML that must not load silently as something else.
func TestTraps(t *testing.T) {
	t.Parallel()
	for text, check := range map[string]string{
		"when: any(roles, # == \"web\")":           "comment-eaten",
		"when: state == \"up\" # fine":             "",
		"when: 'state == \"up\"'   # fine too":     "",
		"when: {state}":                            "unquoted-template",
		"when:":                                    "empty-text",
		"when: '[true, 1][0]'":                     "expression-type",
		"when: true":                               "",
		"when: ~":                                  "empty-text",
		"when: 'ipv6'":                             "expression-type",
		"when: 'now() != nil'":                     "unknown-function",
		"when: 'let a = 1; a == 1'":                "bad-expression",
		"when: '$env != nil'":                      "unknown-attribute",
		"when: '__absent(\"x\") == nil'":           "unknown-function",
		"when: 'reduce(roles, 1) == 1'":            "unknown-function",
		"when: 'cpus == \"4\"'":                    "expression-type",
		"when: 'any(roles, it == \"x\")'":          "unknown-attribute",
		"when: 'state == \"upp\" ? true : false'":  "not-in-enum",
		"when: '\"up\" in roles'":                  "",
		"when: 'any(services, .nam == \"x\")'":     "unknown-attribute",
		"when: 'any(services, .target == nil)'":    "",
		"when: 'any(roles, len(uniq(ports)) > 1)'": "nested-predicate",
		"ttl: -1":         "bad-ttl",
		"ttl: 2147483648": "bad-ttl",
		"ttl: '300'":      "bad-ttl",
		"ttl: 0":          "",
		"about: 0x10":     "yaml-number",
		"about: 12:30:45": "yaml-number",
		"about: &x y":     "yaml-alias",
		"number: 1":       "unknown-key",
	} {
		module := "module: traps\nkind: server\n" + text + "\nrecords:\n  - {name: x.example., type: A, value: '{ipv4}'}\n"
		_, problems := Load([]checkout.File{testKinds(t), {Path: "m.yaml", Data: []byte(module)}}, testOptions)
		if check == "" && len(problems) != 0 || check != "" && (len(problems) == 0 || problems[0].Check != check) {
			t.Errorf("%s\ngives %v, want %q", text, problems, check)
		}
	}
}

func TestRecordTraps(t *testing.T) {
	t.Parallel()
	for record, check := range map[string]string{
		"{name: '{fqdn}', type: A, value: '{ipv4}'}":                                   "",
		"{name: '*.{fqdn}', type: A, value: '{ipv4}'}":                                 "",
		"{name: '{note}', type: A, value: '{ipv4}'}":                                   "name-not-absolute",
		"{name: '{hostname}.{vars.suffix}', type: A, value: '{ipv4}'}":                 "",
		"{name: '{virtual}.example.', type: A, value: '{ipv4}'}":                       "expression-type",
		"{name: '{roles}.example.', type: A, value: '{ipv4}'}":                         "expression-type",
		"{name: '{cpus / 2}.example.', type: A, value: '{ipv4}'}":                      "expression-type",
		"{name: '{it}.example.', type: A, value: '{ipv4}'}":                            "unknown-attribute",
		"{name: '{it.nam}.example.', each: services, type: A, value: '{ipv4}'}":        "unknown-attribute",
		"{name: '{it.name}.example.', each: roles, type: A, value: '{ipv4}'}":          "bad-expression",
		"{name: '{it}.example.', each: hostname, type: A, value: '{ipv4}'}":            "expression-type",
		"{name: '{it}.example.', each: '[]', type: A, value: '{ipv4}'}":                "expression-type",
		"{name: 'x.example.', type: A, values_from: services}":                         "expression-type",
		"{name: 'x.example.', type: A, values_from: 'map(services, .name)'}":           "",
		"{name: 'x.example.', type: A, values: []}":                                    "wrong-type",
		"{name: 'x.example.', type: A, value: '{ipv4}', values: [192.0.2.1]}":          "missing-key",
		"{name: 'x.example.', type: A}":                                                "missing-key",
		"{name: 'x.example.', type: A, value: 192.0.2}":                                "bad-rdata",
		"{name: 'x.example.', type: TXT, value: '{ipv4} $INCLUDE /x'}":                 "",
		"{name: 'x.example.', type: TXT, value: \"a\\n$INCLUDE x\"}":                   "bad-template",
		"{name: 'x.example.', type: CNAME, value: '{hostname}.example'}":               "name-not-absolute",
		"{name: 'x.example.', type: CNAME, value: '{hostname}'}":                       "name-not-absolute",
		"{name: 'x.example.', type: SRV, value: '1 2 {cpus} {fqdn}'}":                  "",
		"{name: 'x.example.', type: a, value: '{ipv4}'}":                               "unknown-record-type",
		"{name: 'x.example.', type: A, value: '{ipv4}', number: {of: it}}":             "unknown-attribute",
		"{name: 'x.example.', type: A, value: '{ipv4}', pool: true}":                   "wrong-type",
		"{name: 'x.example.', type: A, value: '{ipv4'}":                                "bad-template",
		"{name: 'x.example.', type: A, value: '{}'}":                                   "empty-text",
		"{name: '" + strings.Repeat("x", 64) + ".example.', type: A, value: '{ipv4}'}": "bad-name",
		"{name: '{hostname + \"}\"}.example.', type: A, value: '{ipv4}'}":              "",
	} {
		module := "module: traps\nkind: server\nrecords:\n  - " + record + "\n"
		_, problems := Load([]checkout.File{testKinds(t), {Path: "m.yaml", Data: []byte(module)}}, testOptions)
		if check == "" && len(problems) != 0 || check != "" && (len(problems) == 0 || problems[0].Check != check) {
			t.Errorf("%s\ngives %v, want %q", record, problems, check)
		}
	}
}
