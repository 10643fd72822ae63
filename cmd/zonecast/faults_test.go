package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestFaultsOfEveryPart: what keeps a process from starting is found by check, at its place, and files that are on other hosts are not
// missed.
func TestFaultsOfEveryPart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "",
		"publisher: {key_file: /absent/key}\nlocalproxy: {key_file: /absent/key.pub}\nnotify: {receivers: {ops: {url_file: /absent/url}}}": "",
		"log: {level: loud}":                                "1:7 log.level \"loud\"",
		"rules: {guard: {share: 2}}":                        "1:17 rules: guard: ",
		"rules: {processes: {racks: {}}}":                   "1:21 rules: processes: racks: command is missing",
		"presenter: {sources: [a, a]}":                      "1:13 presenter: sources: \"a\"",
		"publisher: {gates: {deleted: -1}}":                 "1:21 publisher: gates: deleted: -1",
		"localproxy: {keys: [abc]}":                         "1:1 localproxy: verification key \"abc\"",
		"localproxy: {urls: ['ftp://control.example']}":     "1:14 localproxy.urls: ",
		"localproxy: {report: {every: 1ms}}":                "1:23 localproxy.report.every",
		"localproxy: {dns: [nonsense]}":                     "1:14 localproxy.dns: ",
		"notify: {receivers: {ops: {url: 'ftp://a.test'}}}": "1:1 notify: receiver ops: its URL",
		"check: {severities: {missing-dot: off}}":           "1:22 check: severities: missing-dot: is an error for good",
		"check: {severities: {missing-target: loud}}":       "1:22 check: severities: missing-target: \"loud\"",
		"check: {severities: {nonsense: off}}":              "1:22 check: severities: nonsense: there is no such check",
		"check: {expires_within: -1h}":                      "1:9 check: expires_within",
		"rules: {ttl: soon}":                                "1:14 `soon` where a whole number is wanted",
		"log: {level: info}\nrules:\n  dirr: x\n":           "3:3 unknown key \"dirr\"",
		"store: {kind: paper}":                              "1:9 store.kind is \"paper\"",
		"log: [a":                                           "1:1 did not find expected",
		"log: {}\n---\nlog: {}\n":                           "2:1 more than one YAML document",
	} {
		f := configFile{Config: defaultConfig(), shown: "zonecast.yaml"}
		f.decode([]byte(text))
		f.mistakes()
		f.faults(f.Config)
		list := f.problems
		if want == "" && len(list) > 0 || want != "" && (len(list) != 1 || !strings.HasPrefix(fmt.Sprintf("%d:%d %s", list[0].Line, list[0].Column, list[0].Text), want)) {
			t.Errorf("%s: %v, want %q", text, list, want)
		}
	}
}
