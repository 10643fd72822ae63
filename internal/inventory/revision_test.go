package inventory

import (
	"fmt"
	"strings"
	"testing"
)

// TestRevisions plays events through one entity: "feed put rev content", with "-" for no revision, and what each gets.
func TestRevisions(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"older, repeated, conflicting": `
			events put 2 a -> accepted
			events put 1 b -> ignored older
			events put 2 a -> ignored unchanged
			events put 2 b -> refused rev-conflict
			events put 3 b -> accepted`,
		"delete before put": `
			events delete 5 -> accepted
			events put 4 a -> ignored older
			events delete 5 -> ignored unchanged
			events put 5 a -> refused rev-conflict
			events put 6 a -> accepted`,
		"without revisions arrival counts": `
			events put - a -> accepted
			events put - a -> ignored unchanged
			events put - b -> accepted
			events delete - -> accepted
			events delete - -> ignored unchanged
			events put - b -> accepted`,
		"a delete without revision keeps the last one": `
			events put 7 a -> accepted
			events delete - -> accepted
			events put 7 a -> ignored deleted
			events put 6 a -> ignored older
			events put 8 a -> accepted`,
		"a list brings back what a list took away": `
			list put 7 a -> accepted
			list delete - -> accepted
			list put 7 a -> accepted`,
		"ownership": `
			events put 1 a -> accepted
			other put 2 b -> refused owned-by events: that feed put it and alone may change it
			other delete 2 -> refused owned-by events: that feed put it and alone may change it
			events delete 2 -> accepted
			other put 3 b -> accepted
			events put 4 a -> refused owned-by other: that feed put it and alone may change it`,
		"reborn": `
			events put 9 a -> accepted
			events reborn 1 b -> accepted
			events reborn 1 b -> ignored unchanged
			events put 2 c -> accepted
			events reborn 1 b -> ignored older
			events delete 3 -> accepted
			events put 1 a -> ignored older
			events reborn 1 d -> accepted`,
	} {
		var r Row
		ok := false
		for _, step := range strings.Split(strings.TrimSpace(script), "\n") {
			left, want, _ := strings.Cut(strings.TrimSpace(step), " -> ")
			words := append(strings.Fields(left), "", "")
			e := Event{Op: Op(words[1]), Kind: "k", ID: "i"}
			if words[1] == "reborn" {
				e.Op, e.Reborn = Put, true
			}
			if words[2] != "-" {
				e.Numbered = true
				fmt.Sscan(words[2], &e.Rev)
			}
			if e.Op == Put {
				e.Raw = []byte(words[3])
			}
			next, v := Change(r, ok, &e, words[0], words[0] == "list", 1000)
			if got := v.Status + " " + v.Reason; !strings.HasPrefix(strings.TrimSpace(got), want) {
				t.Errorf("%s: %s: got %q", name, step, got)
			}
			if v.Status == Accepted {
				r, ok = next, true
			}
		}
	}
}
