package show

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zonecast/internal/plan"
)

// golden reads the plan of a golden file.
func golden(t *testing.T, name string) *plan.Plan {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	p := new(plan.Plan)
	if err := json.Unmarshal(archive.Files[0].Data, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// pageOf writes a plan's page into a file.
func pageOf(t *testing.T, p *plan.Plan) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.html")
	if err := os.WriteFile(path, html(t, p), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The page in a browser: search, each filter, the keyboard, pages of a large plan, a narrow screen, and texts that try
// to be more than text. Nothing is said on the console and nothing is asked of anybody.
func TestPage(t *testing.T) {
	t.Parallel()
	b := openBrowser(t, 360, 800)
	narrow := func(what string) {
		t.Helper()
		if wide := eval[int](b, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s: %d pixels wide on a screen of 360", what, wide)
		}
	}

	b.open(pageOf(t, golden(t, "kinds")))
	all := []string{"prod.example.", "db.prod.example.", "mirror.prod.example.", "new.prod.example.", "old.prod.example.", "same.prod.example.", "web001.prod.example."}
	b.wantNames("at first", all...)
	narrow("kinds")
	b.key("/")
	if at := eval[string](b, `document.activeElement.id`); at != "q" {
		t.Errorf("/ leads to %q", at)
	}
	b.call("Input.insertText", map[string]any{"text": "192.0.2.20 MIRROR"}, nil)
	b.until(`document.querySelectorAll("#list > li").length === 1`)
	b.wantNames("search of two words", "mirror.prod.example.")
	b.key("Escape")
	b.wantNames("search taken away", all...)
	b.choose("kind", "deleted")
	b.wantNames("deleted", "db.prod.example.")
	b.choose("kind", "")
	b.choose("type", "AAAA")
	b.wantNames("AAAA", "web001.prod.example.")
	b.choose("type", "")
	b.choose("cause", "module servers")
	b.wantNames("module servers", "old.prod.example.", "same.prod.example.", "web001.prod.example.")
	b.choose("kind", "touched")
	b.wantNames("two filters", "same.prod.example.")
	if hash := eval[string](b, `location.hash`); hash != "#kind=touched&cause=module+servers" {
		t.Errorf("the address has %q", hash)
	}
	eval[bool](b, `(document.getElementById("reset").click(), true)`)
	b.wantNames("reset", all...)
	if text := eval[string](b, `document.querySelectorAll("#list > li")[4].innerText`); !strings.Contains(text, "- 192.0.2.99") || !strings.Contains(text, "+ 192.0.2.10") ||
		!strings.Contains(text, "by module servers, server/web001") || !strings.Contains(text, "brings back module servers") {
		t.Errorf("a change reads %q", text)
	}

	b.open(pageOf(t, golden(t, "stopped")))
	b.choose("zone", "new.example.")
	b.wantNames("a zone", "new.example.")
	b.choose("zone", "")
	eval[bool](b, `(document.getElementById("stopped").click(), true)`)
	b.wantNames("stopped", "gone.example.")
	narrow("stopped")

	b.open(pageOf(t, golden(t, "hostile")))
	narrow("hostile")
	if n := eval[int](b, `document.querySelectorAll("img, iframe, object, main script, header script, [onerror]").length`); n != 0 {
		t.Errorf("%d elements that are not ours", n)
	}
	if text := eval[string](b, `document.querySelector("#list .values").innerText`); !strings.Contains(text, `</script><script>alert(1)</script>`) {
		t.Errorf("the text of the record reads %q", text)
	}

	b.open(pageOf(t, large(4, 5_000)))
	b.until(`document.querySelectorAll("#list > li").length === 100`)
	narrow("large")
	b.key("n")
	b.until(`document.getElementById("count").textContent === "101 to 200 of 20,000 names."`)
	b.key("p")
	b.until(`document.getElementById("count").textContent === "1 to 100 of 20,000 names."`)
	eval[bool](b, `(document.querySelector("button[data-zone='z0002.example.']").click(), true)`)
	b.until(`document.getElementById("count").textContent === "1 to 100 of 5,000 names, 20,000 in all."`)
	b.quiet()
	if dir := os.Getenv("ZONECAST_SCREENSHOTS"); dir != "" {
		b.picture(filepath.Join(dir, "narrow.png"))
	}
}

// picture is for people who look at the page after a change of it.
func (b *browser) picture(path string) {
	b.t.Helper()
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
