package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEdits: each edit changes the files it says, and takes that back.
func TestEdits(t *testing.T) {
	t.Parallel()
	dir, s := t.TempDir(), size{servers: 2, edges: 3, wide: 2 * wideFiles, small: 8}
	if err := writeProject(dir, s); err != nil {
		t.Fatal(err)
	}
	dirty := func() int {
		out, err := exec.Command("git", "-C", dir, "diff", "--numstat").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(out), "\n")
	}
	var files []int
	for _, c := range cases(s) {
		back, err := c.apply(dir)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, dirty())
		if back(); dirty() != 0 {
			t.Errorf("%s was not taken back", c.title)
		}
	}
	if want := []int{0, 1, 1, wideFiles, 1}; !slices.Equal(files, want) {
		t.Errorf("files that change: %v, want %v", files, want)
	}
	if _, err := (edit{glob: "none"}).apply(dir); err == nil {
		t.Error("an edit of no file")
	}
}

// TestMeasure: the row of a plan by a program that writes one with two names.
func TestMeasure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake := filepath.Join(dir, "zonecast")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\necho '{\"changes\":[{},{}]}' >plan.json\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p := &process{bin: fake, cmd: &exec.Cmd{Process: self}}
	var table strings.Builder
	c := edit{title: "two names", names: 2, glob: "a.yaml", bar: time.Hour}
	if err := p.measure(&table, dir, c, 1); err != nil || !strings.HasPrefix(table.String(), "| two names | 2 | ") || !strings.Contains(table.String(), "3600 s: reached") {
		t.Errorf("%q, %v", table.String(), err)
	}
	if c.names = 3; p.measure(io.Discard, dir, c, 1) == nil {
		t.Error("a plan with other names was taken")
	}
}
