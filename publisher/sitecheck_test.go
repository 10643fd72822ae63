package publisher

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script writes a shell script and gives its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "check")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A site's check holds the zones that it names, reads what would change, and can be overruled by a person.
func TestSiteCheckHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	w.cfg.Gates.Checks = []SiteCheck{
		{Name: "first", Command: []string{"true"}},
		{Name: "registry", Command: []string{script(t, `cat > `+dir+`/plan
if grep -q bad.example. `+dir+`/plan; then echo example.; echo "more" >&2; echo "bad is not registered" >&2; exit 3; fi`)}},
	}
	a := w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) { e.put("example.", "bad.example.", "A 192.0.2.66"); e.drop("h1.example.") })
	item := w.held("example.", checkSite)
	if !strings.HasSuffix(item.Cause, "the site's check registry says: bad is not registered") || !item.CanFree {
		t.Errorf("%+v", item)
	}
	data, err := os.ReadFile(filepath.Join(dir, "plan"))
	if err != nil {
		t.Fatal(err)
	}
	var plan SitePlan
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Zones) != 1 || plan.Served == 0 || plan.Stream != "stable" || fmt.Sprint(plan.Zones[0].Names) != "[{bad.example. created [bad.example. 300 A 192.0.2.66]} {h1.example. deleted []}]" {
		t.Errorf("%s", data)
	}
	restGoesOn(w, p)
	if got := a.post("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "registered by phone"}); got.Code != http.StatusOK {
		t.Fatalf("release: %d %s", got.Code, got.Body)
	}
	p.synced("released")
}

// What a check that was mended stopped goes out without anybody's word.
func TestSiteCheckIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sign := filepath.Join(t.TempDir(), "go")
	w.cfg.Gates.Checks = []SiteCheck{{Name: "sign", Command: []string{"test", "-e", sign}}}
	w.commit(func(e edit) { e.zone("example."); e.zone("example.org.") })
	h := w.byHand()
	defer h.close()
	if err := h.step(); err != nil {
		t.Fatal(err)
	}
	if items := w.heldItems(); len(items) != 2 || h.hasHead { // it names none: all
		t.Fatalf("%+v", items)
	}
	if err := os.WriteFile(sign, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if h.askAgain(time.Now()); len(h.c.touched) != 0 {
		t.Error("asked again at once")
	}
	h.askAgain(time.Now().Add(2 * siteAgain))
	if err := h.releaseAll(); err != nil {
		t.Fatal(err)
	}
	if items := w.heldItems(); len(items) != 0 || !h.hasHead {
		t.Errorf("%+v", items)
	}
}

func TestSiteCheckRun(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		command []string
		says    string
	}{
		"yes":        {[]string{"true"}, ""},
		"no":         {[]string{"false"}, "exit status 1"},
		"not there":  {[]string{"/nowhere/check"}, "no such file"},
		"too long":   {[]string{"sleep", "600"}, "no answer within 200ms"},
		"talkative":  {[]string{"sh", "-c", "yes | head -c 1000000 >&2; echo enough >&2; exit 1"}, "enough"},
		"reads none": {[]string{"sh", "-c", "exec <&-; exit 0"}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			limit := 20 * time.Second
			if what == "too long" {
				limit = 200 * time.Millisecond
			}
			plan := SitePlan{Zones: []SiteZone{{Names: make([]SiteName, 10_000)}}}
			_, err := SiteCheck{Name: "x", Command: c.command, Timeout: limit}.run(context.Background(), plan)
			if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
		})
	}
}
