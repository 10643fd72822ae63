package rules

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/table"
)

func TestBrokenModuleKeepsItsLastGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(put("web1", 1, 1, "up"))
	w.write("servers.yaml", strings.Replace(serversYAML, "{ipv4}", "{ipvfour}", 1))
	w.eventually("held", func() bool { _, ok := heldUnit(w, unitModuleFile); return ok })
	h, _ := heldUnit(w, unitModuleFile)
	if len(h.Problems) == 0 || h.Problems[0].Line == 0 || h.CanFree {
		t.Errorf("%+v: without a place", h)
	}
	w.post(put("web2", 1, 2, "up"))
	if len(w.generated()) != 3 {
		t.Fatalf("%v", w.generated())
	}
	w.restart()
	if len(w.generated()) != 3 {
		t.Fatal("a restart with a broken file lost records")
	}
	w.write("servers.yaml", strings.Replace(serversYAML, "prod.example.", "dev.example.", 1))
	w.eventually("the new rules", func() bool {
		g := w.generated()
		return len(w.held()) == 0 && g["web1.dev.example."] != "" && g["web1.prod.example."] == "" && len(g) == 3
	})
}

func TestKindsThatBreakModulesAreHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(put("web1", 1, 1, "up"))
	w.write("kinds.yaml", strings.Replace(kindsYAML, "ipv4: ipv4", "address: ipv4", 1))
	w.eventually("held", func() bool { _, ok := w.heldCheck("kinds-break-module"); return ok })
	if a := w.post(put("web2", 1, 2, "up"))[0]; a.Status != "accepted" || len(w.generated()) != 3 {
		t.Fatalf("%+v %v", a, w.generated())
	}
}

func TestEntitiesAreCheckedAgainWhenKindsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "down"))
	w.write("kinds.yaml", strings.Replace(kindsYAML, "[up, down]", "[up, drained]", 1))
	w.eventually("web2 held", func() bool { _, ok := heldUnit(w, unitContribution); return ok })
	if len(w.generated()) != 2 {
		t.Fatalf("%v", w.generated())
	}
	w.post(put("web2", 2, 2, "up"))
	if len(w.held()) != 0 || w.generated()["web2.prod.example."] == "" {
		t.Fatalf("%v %v", w.held(), w.generated())
	}
}

func TestAVanishedModuleStaysUntilReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.write("more.yaml", "module: more\nkind: server\nrecords:\n  - {name: 'x-{hostname}.prod.example.', type: A, value: '{ipv4}'}\n")
	w.eventually("loaded", func() bool { _, ok := w.table("rules.main")["file/more.yaml"]; return ok })
	w.post(put("web1", 1, 1, "up"))
	if err := os.Remove(filepath.Join(w.dir, "more.yaml")); err != nil {
		t.Fatal(err)
	}
	w.eventually("held", func() bool { _, ok := w.heldCheck("file-gone"); return ok })
	w.restart()
	h, ok := w.heldCheck("file-gone")
	if !ok || !h.CanFree || w.generated()["x-web1.prod.example."] == "" {
		t.Fatalf("%v %v", w.held(), w.generated())
	}
	if code := w.release(h.ID); code != 200 {
		t.Fatal(code)
	}
	w.eventually("gone", func() bool { return len(w.held()) == 0 && len(w.generated()) == 2 })
}

func TestFailedEvaluationKeepsTheLastGoodRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.write("kinds.yaml", strings.Replace(kindsYAML, "hostname: label", "hostname: string", 1))
	w.write("servers.yaml", strings.Replace(serversYAML, "when:", "about: strict\nwhen:", 1))
	w.eventually("loaded", func() bool {
		f, err := load.File(tableOf(w), "kinds.yaml", infosOf(w)["kinds.yaml"])
		return err == nil && strings.Contains(string(f.Data), "hostname: string")
	})
	w.post(put("web1", 1, 1, "up"))
	before := w.generated()["web.prod.example."]
	bad := strings.Replace(put("web1", 2, 9, "up"), `"hostname":"web1"`, `"hostname":"web 1"`, 1)
	if a := w.post(bad)[0]; a.Status != "held" {
		t.Fatalf("%+v", a)
	}
	if got := w.generated()["web.prod.example."]; got != before || got == "" {
		t.Fatalf("%q, before %q", got, before)
	}
	if h, ok := heldUnit(w, unitContribution); !ok || h.Subject != "servers server/web1" || h.CanFree {
		t.Fatalf("%v", w.held())
	}
	if a := w.post(put("web1", 3, 9, "up"))[0]; a.Status != "accepted" || len(w.held()) != 0 {
		t.Fatalf("%+v %v", a, w.held())
	}
	w.post(strings.Replace(bad, `"rev":2`, `"rev":4`, 1), del("web1", 5))
	if len(w.held()) != 0 || len(w.generated()) != 0 {
		t.Fatalf("%v %v", w.held(), w.generated())
	}
}

func TestPushes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Dir = "" })
	push := func(commit, base string, descends bool, text string) (int, load.Answer) {
		p := checkout.Push{Set: checkout.Set{Commit: commit, Prefix: "rules/", Files: []checkout.File{
			{Path: "kinds.yaml", Data: []byte(kindsYAML)}, {Path: "servers.yaml", Data: []byte(text)}}}, Base: base, Descends: descends}
		body, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		code, answer := w.do("PUT", "/v1/rules", "application/json", string(body))
		var a load.Answer
		if code == 200 {
			if err := json.Unmarshal([]byte(answer), &a); err != nil {
				t.Fatal(err)
			}
		}
		return code, a
	}
	if a := w.post(put("web1", 1, 1, "up"))[0]; a.Status != "refused" {
		t.Fatalf("without rules: %+v", a)
	}
	if code, a := push("c1", "", true, serversYAML); code != 200 || a.Status != load.StatusLoaded {
		t.Fatalf("%d %+v", code, a)
	}
	w.post(put("web1", 1, 1, "up"))
	if code, a := push("c1", "c1", true, serversYAML); code != 200 || a.Status != load.StatusUnchanged {
		t.Fatalf("%d %+v", code, a)
	}
	if code, _ := push("c2", "c0", true, serversYAML); code != 409 {
		t.Fatalf("compared with another commit: %d", code)
	}
	older := strings.ReplaceAll(serversYAML, "prod", "old")
	_, a := push("c0", "c1", false, older)
	if a.Status != load.StatusHeld || a.HeldID == "" {
		t.Fatalf("%+v", a)
	}
	w.restart()
	if g := w.generated(); g["web1.prod.example."] == "" {
		t.Fatalf("an older commit rolled back: %v", g)
	}
	if code := w.release(a.HeldID); code != 200 {
		t.Fatal(code)
	}
	w.eventually("released", func() bool { return w.generated()["web1.old.example."] != "" && len(w.held()) == 0 })
	if _, a := push("c3", "c0", true, "module: servers\nkind: nothing\n"); len(a.Problems) == 0 || a.Problems[0].File != "rules/servers.yaml" {
		t.Fatalf("%+v", a)
	}
}

// TestAFileThatNoLongerLoadsFreezesItsRecords: a newer program may refuse what an older one loaded.
func TestAFileThatNoLongerLoadsFreezesItsRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"))
	w.stop()
	rul, err := table.OpenWriter(t.Context(), w.st, "rules.main", table.Options{Instance: "test"})
	if err != nil {
		t.Fatal(err)
	}
	tx := rul.Begin()
	load.PutFile(tx, checkout.File{Path: "servers.yaml", Data: []byte("module: servers\nkind: server\nnewer: syntax\n")}, "c9", "")
	if err := table.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.dir, "servers.yaml")); err != nil {
		t.Fatal(err)
	}
	w.start()
	if a := w.post(put("web1", 2, 9, "up"), del("web2", 2)); a[0].Status != "accepted" || a[1].Status != "accepted" {
		t.Fatalf("%+v", a)
	}
	if g := w.generated(); g["web1.prod.example."] == "" || g["web2.prod.example."] != "" {
		t.Fatalf("%v", g)
	}
	w.write("servers.yaml", serversYAML)
	w.eventually("mended", func() bool {
		return strings.HasSuffix(strings.TrimSpace(w.generated()["web1.prod.example."]), "[192 0 2 9]") && len(w.held()) == 0
	})
}
