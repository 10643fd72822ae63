package main

import (
	"os"
	"strings"
	"testing"
)

// TestClusterPage holds every command of docs/cluster.md to the program: there is such a command, with such flags and so
// many arguments. What they do is shown by examples/cluster and the tests of each.
func TestClusterPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	inside, commands := false, 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = line == "```sh"
			continue
		}
		if !inside {
			continue
		}
		words := shellWords(line)
		if len(words) < 2 || words[0] != "zonecast" {
			t.Errorf("no command of ours: %s", line)
			continue
		}
		cmd, rest, err := newRoot().Find(words[1:])
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil || !cmd.Runnable() {
			t.Errorf("%s: %v", line, err)
		}
		commands++
	}
	if commands < 8 {
		t.Errorf("only %d commands were found", commands)
	}
}

// shellWords splits at spaces outside double quotes.
func shellWords(line string) (words []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}
