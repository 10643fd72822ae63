package main

import (
	"bytes"
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
