package main

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestConfigFaultsWithoutGoTypes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"rules: {processes: {racks: {command: /bin/cat}}}": "line 1: `/bin/cat` where a list [a, b] is wanted (docs/config.md)",
		"http: 3":                              "line 1: `3` where a mapping of keys to values is wanted (docs/config.md)",
		"rules: [a]":                           "line 1: a list where a mapping of keys to values is wanted (docs/config.md)",
		"notify: {receivers: [a]}":             "line 1: a list where a mapping of keys to values is wanted (docs/config.md)",
		"data: {a: b}":                         "line 1: a mapping where a text is wanted (docs/config.md)",
		"rules: {guard: {share: abc}}":         "line 1: `abc` where a number is wanted (docs/config.md)",
		"rules: {guard: {at_least: few}}":      "line 1: `few` where a whole number is wanted (docs/config.md)",
		"store: {zk: {session_timeout: 10}}":   "line 1: `10` where a time such as 10s is wanted (docs/config.md)",
		"rulez: {}\nstore: {zk: {servers: a}}": "line 1: unknown key \"rulez\" (docs/config.md lists them) line 2: `a` where a list [a, b] is wanted (docs/config.md)",
	} {
		dec := yaml.NewDecoder(strings.NewReader(text))
		dec.KnownFields(true)
		var c Config
		err := dec.Decode(&c)
		if err == nil {
			t.Errorf("%s: no error", text)
		} else if got := plainYAML(err); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
