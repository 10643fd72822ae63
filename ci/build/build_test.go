package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTimed: what a command costs, and what it says when it fails.
func TestTimed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if took, err := timed(dir, "sh", "-c", "echo x > made"); err != nil || took.wall <= 0 || took.peak <= 0 {
		t.Errorf("%+v, %v", took, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "made")); err != nil {
		t.Error(err)
	}
	if _, err := timed(dir, "sh", "-c", "echo broken; exit 3"); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Error(err)
	}
}

// TestOne: the report of a build of a few records by a program that makes a file of 100 octets.
func TestOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake := filepath.Join(dir, "zonecast")
	if err := write(fake, func(w io.Writer) error {
		_, err := io.WriteString(w, "#!/bin/sh\nhead -c 100 \"$5\" >\"$4\"\n")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(fake, 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	var out strings.Builder
	if err := one(&out, fake, dir, 308); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "\n308 records: ") || !strings.Contains(got, "0.3 octets a record") {
		t.Error(got)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if got := median([]took{{wall: 3}, {wall: 1}, {wall: 2}}, func(t took) time.Duration { return t.wall }); got != 2 {
		t.Error(got)
	}
}
