package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/rules/ruleset"
)

// TestEvaluateLog: an inventory file may hold events, of which check makes what the pipeline does.
func TestEvaluateLog(t *testing.T) {
	t.Parallel()
	rs, problems := ruleset.Load([]checkout.File{
		{Path: "kinds.yaml", Data: []byte("kinds: {server: {ipv4: ipv4}}\n")},
		{Path: "servers.yaml", Data: []byte("module: servers\nkind: server\nrecords: [{name: '{id}.example.com.', type: A, value: '{ipv4}'}]\n")},
	}, ruleset.Options{DefaultTTL: 300})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put := func(id string, rev int, last int) string {
		return fmt.Sprintf(`{"op":"put","kind":"server","id":%q,"rev":%d,"attrs":{"ipv4":"192.0.2.%d"}}`+"\n", id, rev, last)
	}
	log := write("log.ndjson", put("a", 1, 1)+put("a", 3, 3)+put("a", 2, 2)+put("b", 1, 4)+`{"op":"delete","kind":"server","id":"b"}`+"\n"+`{"op":"alive"}`+"\n")
	more := write("more.ndjson", put("c", 1, 5)+put("c", 1, 6)+put("a", 9, 7))
	out, problems := evaluate(rs, []string{log, "more=" + more})
	var got []string
	for owner, list := range out {
		for _, c := range list {
			got = append(got, c.Sets[0].Lines(owner)...)
		}
	}
	slices.Sort(got)
	if want := []string{"a.example.com. 300 A 192.0.2.3", "c.example.com. 300 A 192.0.2.5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(problems) != 2 || problems[0].Check != "rev-conflict" || problems[0].Line != 2 || problems[1].Check != "owned-by" || problems[1].Line != 3 {
		t.Errorf("%v", problems)
	}
}
