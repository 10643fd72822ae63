package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"zonecast/internal/check"
	"zonecast/internal/zone"
)

// CheckConfig is how strict `zonecast check` is.
type CheckConfig struct {
	// Severities says of checks that warn whether they are an error, a warning, or off.
	Severities map[string]string `yaml:"severities"`
	// ExpiresWithin is how soon a record must expire to be warned about; 0s never.
	ExpiresWithin time.Duration `yaml:"expires_within"`
}

const defaultExpiresWithin = 72 * time.Hour

// Check gives what is wrong with it, all at once.
func (c CheckConfig) Check() error {
	var errs []error
	for code, severity := range c.Severities {
		known, ok := check.Find(code)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("check: severities: %s: there is no such check: zonecast check --list has them all", code))
		case !known.Excusable():
			errs = append(errs, fmt.Errorf("check: severities: %s: is an error for good: what it finds is not served", code))
		case severity != "error" && severity != "warning" && severity != "off":
			errs = append(errs, fmt.Errorf("check: severities: %s: %q is none of error, warning and off", code, severity))
		}
	}
	if c.ExpiresWithin < 0 {
		errs = append(errs, fmt.Errorf("check: expires_within: %v is less than nothing", c.ExpiresWithin))
	}
	return errors.Join(errs...)
}

// apply gives the problems as severe as the config has them.
func (c CheckConfig) apply(problems []zone.Problem) []zone.Problem {
	left := problems[:0:0]
	for _, p := range problems {
		switch known, _ := check.Find(p.Check); {
		case !known.Excusable():
		case c.Severities[p.Check] == "off":
			continue
		case c.Severities[p.Check] != "":
			p.Severity = zone.Severity(c.Severities[p.Check])
		}
		left = append(left, p)
	}
	return left
}

// configFile is a config file with all that is wrong in it. What could be read of a broken one is in force, so that it hides
// nothing of what it points to.
type configFile struct {
	Config
	found    bool
	shown    string // its path, for people
	root     *yaml.Node
	problems []zone.Problem
}

// readConfig reads a config file as loadConfig does, to find everything at once. An error is a file that is named and not there.
func readConfig(path string) (configFile, error) {
	f := configFile{Config: defaultConfig(), shown: configName(path)}
	text, err := os.ReadFile(f.shown)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == "":
		f.place(".")
		return f, nil
	case errors.Is(err, fs.ErrNotExist):
		return f, fmt.Errorf("config: %w", err)
	}
	f.found = true
	if err != nil {
		f.add(1, 1, err.Error())
	} else {
		f.decode(text)
	}
	f.place(filepath.Dir(f.shown))
	f.mistakes()
	return f, nil
}

// mistakes adds what would keep any command from reading the file.
func (f *configFile) mistakes() {
	if err := f.check(""); err != nil {
		f.tell(strings.TrimPrefix(err.Error(), "config : "))
	}
}

func (f *configFile) add(line, column int, text string) {
	f.problems = append(f.problems, zone.Problem{Check: "bad-config", Severity: zone.Error, File: f.shown, Line: line, Column: column, Text: strings.TrimSpace(text),
		Fix: "docs/config.md has every key"})
}

var lineOf = regexp.MustCompile(`^line (\d+): (.*)`)

func (f *configFile) decode(text []byte) {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			f.numbered(strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return
	}
	f.root = doc.Content[0]
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		f.add(max(second.Line, 1), max(second.Column, 1), "more than one YAML document")
	}
	strict := yaml.NewDecoder(bytes.NewReader(text))
	strict.KnownFields(true)
	err := strict.Decode(&f.Config)
	var wrong *yaml.TypeError
	switch {
	case errors.As(err, &wrong):
		for _, e := range wrong.Errors {
			f.numbered(plainYAML(errors.New(e)))
		}
	case err != nil:
		f.numbered(plainYAML(err))
	}
}

var quotedText = regexp.MustCompile("\"([^\"]+)\"|^`([^`.]+)")

// numbered tells of an error that begins with its line.
func (f *configFile) numbered(text string) {
	m := lineOf.FindStringSubmatch(text)
	if m == nil {
		f.add(1, 1, text)
		return
	}
	line, _ := strconv.Atoi(m[1])
	column := 1
	said := quotedText.FindStringSubmatch(m[2])
	walk(f.root, func(k, v *yaml.Node) {
		switch {
		case column > 1:
		case said == nil && v.Line == line && v.Kind != yaml.MappingNode:
			column = v.Column
		case said != nil && said[1] != "" && k.Line == line && k.Value == said[1]:
			column = k.Column
		case said != nil && said[2] != "" && v.Line == line && strings.HasPrefix(v.Value, said[2]):
			column = v.Column
		}
	})
	f.add(line, column, m[2])
}

// walk visits every key and value of mappings, in order.
func walk(n *yaml.Node, visit func(k, v *yaml.Node)) {
	if n == nil {
		return
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && i+1 < len(n.Content) {
			visit(c, n.Content[i+1])
		}
		walk(c, visit)
	}
}

// tell adds what is wrong with a value, at the key that the text begins with: "publisher: gates: checks: …".
func (f *configFile) tell(text string) {
	at, n := f.root, f.root
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" .:,\"[]", c) })
	for _, word := range words {
		if n == nil || n.Kind != yaml.MappingNode {
			break
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == word {
				at, n = n.Content[i], n.Content[i+1]
				break
			}
		}
	}
	if at == nil {
		f.add(1, 1, text)
		return
	}
	f.add(at.Line, at.Column, text)
}
