package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zonecast/internal/snapshot"
)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	var p snapshot.Progress
	p.Records.Store(3_000_000)
	if got := progressLine(&p, 2*time.Second); got != "reading: 3000000 records, 1.5 million a second" {
		t.Error(got)
	}
	p.Writing.Store(true)
	if got := progressLine(&p, 2*time.Second); got != "writing 3000000 records" {
		t.Error(got)
	}
}

func TestNoProgressWithoutATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	showProgress(&out, &snapshot.Progress{}, time.Now())()
	if out.Len() > 0 {
		t.Errorf("%q", &out)
	}
}

// TestBuildEndsOnASignal: standard input that never comes keeps nobody waiting.
func TestBuildEndsOnASignal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, w := io.Pipe()
	defer w.Close()
	dir := t.TempDir()
	_, _, err := compileUntil(ctx, snapshot.ZoneFiles{Paths: []string{"-"}, Stdin: in}, filepath.Join(dir, "o.snap"), &snapshot.Progress{})
	if left, _ := os.ReadDir(dir); !errors.Is(err, snapshot.ErrStopped) || len(left) > 0 {
		t.Error(err, left)
	}
}
