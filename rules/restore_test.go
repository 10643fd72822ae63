package rules

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/load"
)

// TestWhatWasHeldIsInNoBackup: last good records that stayed though their entity was broken are missing after a restore, as
// docs/cluster.md says, are not said to stay, and are made anew once it is mended.
func TestWhatWasHeldIsInNoBackup(t *testing.T) {
	t.Parallel()
	lax := func() *world {
		w := newWorld(t, nil)
		w.write("kinds.yaml", strings.Replace(kindsYAML, "hostname: label", "hostname: string", 1))
		w.write("servers.yaml", strings.Replace(serversYAML, "when:", "about: strict\nwhen:", 1))
		w.eventually("loaded", func() bool {
			f, err := load.File(tableOf(w), "kinds.yaml", infosOf(w)["kinds.yaml"])
			return err == nil && strings.Contains(string(f.Data), "hostname: string")
		})
		return w
	}
	w := lax()
	w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"))
	w.post(strings.Replace(put("web1", 2, 9, "up"), `"hostname":"web1"`, `"hostname":"web 1"`, 1))
	if h, ok := heldUnit(w, unitContribution); !ok || w.generated()["web1.prod.example."] == "" || !strings.Contains(h.Effect, "last good records stay") {
		t.Fatalf("%+v %v", w.held(), w.generated())
	}

	var text strings.Builder
	backup, err := inventory.NewBackupWriter(&text, "inventory.main", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	rows := w.table("inventory.main")
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if err := backup.Row(key, rows[key]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := backup.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := lax()
	if code, body := fresh.do("PUT", "/v1/inventory", "application/x-ndjson", text.String()); code != http.StatusOK {
		t.Fatal(code, body)
	}
	fresh.eventually("evaluated", func() bool {
		_, held := heldUnit(fresh, unitContribution)
		return held && fresh.generated()["web2.prod.example."] != ""
	})
	if got := fresh.generated()["web1.prod.example."]; got != "" {
		t.Fatalf("%q", got)
	}
	if h, _ := heldUnit(fresh, unitContribution); strings.Contains(h.Effect, "last good records stay") {
		t.Errorf("%+v", h)
	}
	fresh.eventually("the term after the restore began", func() bool {
		code, _ := fresh.do("POST", "/v1/events", "application/x-ndjson", put("web1", 3, 1, "up"))
		return code == http.StatusOK
	})
	if fresh.generated()["web1.prod.example."] == "" || len(fresh.held()) != 0 {
		t.Fatalf("%v %v", fresh.held(), fresh.generated())
	}
}
