package inventory

import (
	"os"
	"strings"
	"testing"
)

// The events of docs/rules.md are events.
func TestManual(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```json\n")
	block, _, _ = strings.Cut(block, "```")
	if strings.Count(block, "\n") != 3 {
		t.Fatalf("events: %q", block)
	}
	for line := range strings.Lines(block) {
		if _, err := ParseEvent([]byte(line)); err != nil {
			t.Errorf("%s%v", line, err)
		}
	}
}
