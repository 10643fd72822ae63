package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"
)

// Every command of ours in the ready-made pipelines, the hook and the page of plans exists, with its flags.
func TestPipelinesCommandsExist(t *testing.T) {
	t.Parallel()
	const folder = "../../ci/pipelines"
	paths := []string{filepath.Join(folder, "pre-commit"), filepath.Join(folder, "README.md"), "../../docs/plan.md"}
	for _, name := range []string{"github.yml", "gitlab.yml"} {
		path := filepath.Join(folder, name)
		paths = append(paths, path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var parsed map[string]any
		if err := yaml.Unmarshal(text, &parsed); err != nil {
			t.Errorf("%s is not YAML: %v", path, err)
		}
	}
	wants := map[string]bool{"check": false, "plan": false, "push": false, "plan show": false, "fmt": false}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range commandsIn(string(text)) {
			cmd, err := lookUp(words)
			if err != "" {
				t.Errorf("%s: zonecast %s: %s", path, strings.Join(words, " "), err)
				continue
			}
			wants[strings.TrimPrefix(cmd.CommandPath(), "zonecast ")] = true
		}
	}
	for name, seen := range wants {
		if !seen {
			t.Errorf("no pipeline has zonecast %s: are the commands found at all?", name)
		}
	}
}

var command = regexp.MustCompile("(?m)(?:^|[\\s`(;&|]|run: |- )zonecast ([a-z][^\\n`#|;&)]*)")

// commandsIn gives the words after each `zonecast`, up to where the shell would end the command.
func commandsIn(text string) (list [][]string) {
	for _, m := range command.FindAllStringSubmatch(text, -1) {
		var words []string
		for _, word := range strings.Fields(strings.NewReplacer(`"`, "", `'`, "", ",", "").Replace(m[1])) {
			if word == "-->" || strings.HasPrefix(word, ">") || strings.HasPrefix(word, "<") || strings.HasPrefix(word, "2>") {
				break
			}
			words = append(words, word)
		}
		list = append(list, words)
	}
	return list
}

// lookUp finds a command, and says what is wrong with it; prose that only begins like one is found by nobody else.
func lookUp(words []string) (*cobra.Command, string) {
	cmd, rest, err := newRoot().Find(words)
	if err != nil || !cmd.HasParent() {
		return nil, "no such command"
	}
	for _, word := range rest {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case strings.HasPrefix(word, "--") && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil:
			return nil, "no flag --" + name
		case strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && (len(name) != 1 || cmd.Flags().ShorthandLookup(name) == nil):
			return nil, "no flag -" + name
		}
	}
	return cmd, ""
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plan --zones zones -o plan.json": "", "plan show plan.json --format html": "", "held release ID --reason x": "",
		"plane --zones zones": "no such command", "plan --zone zones": "no flag --zone", "plan -x": "no flag -x", "push --plan=plan.json": "",
	} {
		if _, got := lookUp(strings.Fields(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
