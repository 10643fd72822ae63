package zonecast

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBackup moves an inventory from the embedded store to an ensemble by its backup: the base is the same there, octet
// for octet, and what was known of revisions and deletions is known again.
func TestBackup(t *testing.T) {
	t.Parallel()
	numbered := func(m *mill) *mill { // numbers follow from the order in which servers came: a backup must bring them along
		writeFile(t, filepath.Join(m.dir, "rules/numbered.yaml"), `module: numbered
kind: server
ttl: 300
records:
  - {each: roles, number: {of: it, grace: 24h}, name: '{it}-{n}.prod.example.', type: A, value: '{ipv4}'}
`)
		return m
	}
	old := numbered(newMill(t, "embedded"))
	old.start()
	for _, id := range slices.Backward([]string{"s00", "s02", "s11", "s30"}) { // the last come first
		old.post([]string{`{"op":"put","kind":"server","id":"` + id + `","rev":0,"attrs":{"hostname":"` + id + `","ipv4":"192.0.2.250","roles":["web"]}}`})
	}
	old.post(fleetHistory())
	old.post([]string{`{"op":"put","kind":"server","id":"last","rev":1,"attrs":{"hostname":"last","ipv4":"192.0.2.201"}}`})
	want := old.base()
	file := filepath.Join(t.TempDir(), "inventory.ndjson")
	s := command(t, old.dir, "backup", "-o", file, "--http", old.host.URL())
	contains(t, s.out+s.err, "rows of inventory.main in "+file)
	old.stop()

	fresh := numbered(newMill(t, "zookeeper"))
	fresh.start()
	defer func() { fresh.stop() }()
	text := read(t, file)
	cut := filepath.Join(fresh.dir, "cut.ndjson")
	writeFile(t, cut, strings.Join(strings.SplitAfter(text, "\n")[:20], ""))
	eventually(t, "half a backup is refused", func() bool { // not yet while the stage starts
		s = command(t, fresh.dir, "restore", cut, "--http", fresh.host.URL())
		return s.code == 1 && strings.Contains(s.err, "the backup ends before its last line")
	})
	s = command(t, fresh.dir, "restore", file, "--http", fresh.host.URL())
	contains(t, s.out+s.err, "rows restored")
	if got := fresh.base(); !bytes.Equal(got, want) {
		t.Error("the base differs from the one that was backed up")
	}
	for event, status := range map[string]string{
		`{"op":"put","kind":"server","id":"s00","rev":4,"attrs":{"hostname":"s00","ipv4":"192.0.2.9"}}`: "ignored", // deleted by revision 5
		`{"op":"put","kind":"server","id":"s01","rev":4,"attrs":{"hostname":"s01","ipv4":"192.0.2.9"}}`: "ignored",
		`{"op":"put","kind":"server","id":"s01","rev":6,"attrs":{"hostname":"s01","ipv4":"192.0.2.9"}}`: "accepted",
	} {
		s := command(t, fresh.dir, "event", "--http", fresh.host.URL(), event)
		contains(t, s.out+s.err, `"status":"`+status+`"`)
	}

	if s := command(t, fresh.dir, "restore", file, "--http", fresh.host.URL()); s.code != 1 || !strings.Contains(s.err, "a backup goes into an empty one alone") {
		t.Errorf("a second time: exit %d, %s", s.code, s.err)
	}
	if again := filepath.Join(t.TempDir(), "missing", "file"); command(t, fresh.dir, "restore", again).code != 1 {
		t.Error("a file that is not there was restored")
	}
}
