package main

import (
	"strings"
	"testing"
)

// TestSlips: what a user gets wrong on the command line or in the config is answered with what, where and what to do.
func TestSlips(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("unknown.yaml", "colour: red\n")
	w.write("broken.yaml", "http: [\n")
	w.write("damaged/store.db", strings.Repeat("no database ", 10000))
	up := func(more ...string) []string {
		return append([]string{"up", "--zones", "zones", "--data", "data", "--dns", w.dns, "--http", w.http}, more...)
	}
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"frobnicate"}, 1, []string{`unknown command "frobnicate"`}},
		{[]string{"up", "--frob"}, 1, []string{"unknown flag: --frob; see: zonecast up --help"}},
		{[]string{"check", "--frob"}, 2, []string{"see: zonecast check --help"}},
		{[]string{"check", "extra"}, 2, []string{"see: zonecast check --help"}},
		{[]string{"query"}, 2, []string{"see: zonecast query --help"}},
		{[]string{"staleness", "--frob"}, 3, []string{"see: zonecast staleness --help"}},
		{[]string{"up", "-c", "missing.yaml"}, 1, []string{"missing.yaml"}},
		{[]string{"up", "-c", "unknown.yaml"}, 1, []string{`unknown.yaml: line 1: unknown key "colour"`, "docs/config.md"}},
		{[]string{"up", "-c", "broken.yaml"}, 1, []string{"broken.yaml: yaml: line 1"}},
		{[]string{"init", "new"}, 1, []string{"--zone is needed", "see: zonecast init --help"}},
		{[]string{"init", "new", "--zone", "corp.example", "--reverse", "ten"}, 1, []string{`"ten" is no network`, "192.0.2.0/24"}},
		{[]string{"check", "--zones", "missing"}, 2, []string{"missing is no folder that can be read", "presenter.zones"}},
		{[]string{"staleness", "--zone", "corp.example"}, 3, []string{"--server ADDR[:PORT]"}},
		{[]string{"rules"}, 1, []string{"store.kind: zk", "zonecast up"}},
		{up("--dns", "nonsense"), 1, []string{`dns address "nonsense"`, "127.0.0.1:5300"}},
		{up("--http", "nonsense"), 1, []string{"http: ", "nonsense"}},
		{up("--http", "0.0.0.0:0"), 1, []string{"not loopback", "http.token_file"}},
		{up("--data", "unknown.yaml"), 1, []string{"data folder: ", "unknown.yaml"}},
		{up("--data", "damaged"), 1, []string{"damaged/store.db", "move the file away"}},
	} {
		s := w.run("", c.args...)
		if s.code != c.code {
			t.Errorf("%v: exit %d, not %d", c.args, s.code, c.code)
		}
		contains(t, s.out+s.err, c.want...)
	}
}
