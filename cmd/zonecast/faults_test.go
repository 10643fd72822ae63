package main

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestFaultsOfEveryPart: what keeps a process from starting is found by check, and files that are on other hosts are not missed.
func TestFaultsOfEveryPart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "",
		"publisher: {key_file: /absent/key}\nlocalproxy: {key_file: /absent/key.pub}\nnotify: {receivers: {ops: {url_file: /absent/url}}}": "",
		"log: {level: loud}":                                "log.level \"loud\"",
		"rules: {guard: {share: 2}}":                        "rules: guard: ",
		"rules: {processes: {racks: {}}}":                   "rules: processes: racks: command is missing",
		"presenter: {sources: [a, a]}":                      "presenter: sources: \"a\"",
		"publisher: {gates: {deleted: -1}}":                 "publisher: gates: deleted: -1",
		"localproxy: {keys: [abc]}":                         "localproxy: verification key \"abc\"",
		"localproxy: {urls: ['ftp://control.example']}":     "localproxy.urls: ",
		"localproxy: {report: {every: 1ms}}":                "localproxy.report.every",
		"localproxy: {dns: [nonsense]}":                     "localproxy.dns: ",
		"notify: {receivers: {ops: {url: 'ftp://a.test'}}}": "notify: receiver ops: its URL",
	} {
		c := defaultConfig()
		if err := yaml.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		list := c.faults("")
		if want == "" && len(list) > 0 || want != "" && (len(list) != 1 || !strings.HasPrefix(list[0].Text, want)) {
			t.Errorf("%s: %v, want %q", text, list, want)
		}
	}
}
