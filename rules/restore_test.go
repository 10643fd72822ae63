package rules

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/inventory"
)

// A backup brings back numbers, choices and what pools keep; the text of a list that a guard held stays behind, for what is held
// is in no backup.
func TestARestoredSourceGivesWhatItGave(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, map[string]string{"mixed.yaml": mixedYAML})
	w.post(member("b", 2, "up", "ntp web zk"), member("c", 3, "up", "zk", "zk=7"), member("d", 4, "up", "zk"))
	w.post(member("a", 1, "up", "ntp web"), gone("b"))
	w.post(gone("a"))
	whole, rows := w.generated(), w.table("inventory.main")
	if w.pool("web.prod.example.") != "(a) (b)" || w.who("zk") == "" {
		t.Fatalf("%v", whole)
	}
	list := inventory.PrefixList + "hosts#0000"
	rows[list] = []byte("held")
	var text bytes.Buffer
	backup, err := inventory.NewBackupWriter(&text, "inventory.main", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if err := backup.Row(key, rows[key]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := backup.Close(); err != nil {
		t.Fatal(err)
	}
	w = newPoolWorld(t, map[string]string{"mixed.yaml": mixedYAML})
	if code, answer := w.do("PUT", "/v1/inventory", "application/x-ndjson", text.String()); code != 200 {
		t.Fatal(code, answer)
	}
	w.eventually("evaluated", func() bool { return maps.Equal(w.generated(), whole) })
	for key := range w.table("inventory.main") {
		if strings.HasPrefix(key, inventory.PrefixList) {
			t.Error("the text of a held list came back, and nothing would ever take it away")
		}
	}
}
