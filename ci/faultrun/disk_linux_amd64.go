package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// diskTarget is one folder or file of `zonecast up`'s data, and what makes it be written.
type diskTarget struct {
	what, below string
	ops         []diskOp
}

// diskOp is one thing that is done while a write fails.
type diskOp struct {
	what string
	do   func(*single, context.Context) // until it has been done, or ctx ends; nil: starting does it
}

var (
	opStart  = diskOp{"a start", nil}
	opEvent  = diskOp{"a release by delta", (*single).change}
	opBase   = diskOp{"a release by base", (*single).newEpoch}
	opBehind = diskOp{"a base beside the releases", func(s *single, ctx context.Context) {
		for range behindEvents {
			s.change(ctx)
		}
	}}
)

// behindEvents make a base due: bases.deltas of the disk campaign's config.
const behindEvents = 3

var diskTargets = []diskTarget{
	{"the publisher's folder", "publisher", []diskOp{opEvent, opBase, opBehind, opStart}},
	{"the local proxy's folder", "localproxy", []diskOp{opEvent, opBase, opStart}},
	{"the embedded store", "store.db", []diskOp{opEvent, opBase, opStart}},
}

// maxPositions bounds one search; nothing that is done here writes nearly as often.
const maxPositions = 400

// disks has each write, fsync, rename, truncation and creation of a file fail in turn, below each folder, during each
// operation: once with EIO, and with ENOSPC from there on until space returns. only narrows it to targets and operations with
// that text.
func disks(ctx context.Context, r *referee, o options, only string) (bool, error) {
	dir, err := workspace("disk")
	if err != nil {
		return false, err
	}
	r.say("disk: in %s", dir)
	template, err := prepare(ctx, r, o, dir)
	if err != nil {
		return false, err
	}
	for _, target := range diskTargets {
		for _, op := range target.ops {
			for _, fault := range []diskFault{{syscall.EIO, false}, {syscall.EIO, true}, {syscall.ENOSPC, false}, {syscall.ENOSPC, true}} {
				if !strings.Contains(fmt.Sprintf("%s, %s, %s", target.what, op.what, fault), only) {
					continue
				}
				if err := sweep(ctx, r, o, dir, template, target, op, fault); err != nil {
					return false, err
				}
			}
		}
	}
	if only == "" || strings.Contains("full", only) {
		if err := fillUp(ctx, r, o, dir, template); err != nil {
			return false, err
		}
	}
	ok := r.verdict()
	if ok && !o.keep {
		return ok, os.RemoveAll(dir)
	}
	return ok, nil
}

type diskFault struct {
	errno  syscall.Errno
	sticky bool // until space returns; else once
}

func (f diskFault) String() string {
	name, how := "EIO", "once"
	if f.errno == syscall.ENOSPC {
		name = "ENOSPC"
	}
	if f.sticky {
		how = "from there on"
	}
	return name + " " + how
}

// abreast is how many positions are tried at once: a trial mostly waits.
const abreast = 4

// sweep tries all positions of one operation with one fault.
func sweep(ctx context.Context, r *referee, o options, dir, template string, target diskTarget, op diskOp, fault diskFault) error {
	tally := map[outcome]int{}
	var worst time.Duration
	for first := 1; first <= maxPositions && tally[untouched] == 0; first += abreast {
		var group errgroup.Group
		var mu sync.Mutex
		for at := first; at < first+abreast; at++ {
			group.Go(func() error {
				t := &trial{r: r, work: filepath.Join(dir, fmt.Sprint("work-", at%abreast)),
					what: fmt.Sprintf("%s, %s, %s, position %d", target.what, op.what, fault, at)}
				got, took, err := t.run(ctx, o, template, target, op, fault, at)
				if err != nil {
					return fmt.Errorf("%s: %w", t.what, err)
				}
				mu.Lock()
				defer mu.Unlock()
				tally[got]++
				if got != untouched {
					worst = max(worst, took)
				}
				return ctx.Err()
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	what := fmt.Sprintf("%s, %s, %s", target.what, op.what, fault)
	text := fmt.Sprintf("%d positions: %d recovered alone (%.1f s at most)", tally[alone]+tally[failedFast]+tally[restarted], tally[alone], worst.Seconds())
	if n := tally[failedFast]; n > 0 {
		text += fmt.Sprintf(", %d failed fast", n)
	}
	if n := tally[restarted]; n > 0 {
		text += fmt.Sprintf(", %d needed a restart", n)
	}
	r.say("%s: %s", what, text)
	r.note(what, "%s", text)
	return nil
}

// outcome of one trial.
type outcome int

const (
	untouched  outcome = iota // the operation has fewer positions
	alone                     // went on by itself
	failedFast                // the process ended with an error, and went on after a start
	restarted                 // went on after a restart only
)

// trial is one position.
type trial struct {
	r    *referee
	work string // folder
	what string
	hit  string
}

func (t *trial) wrong(format string, args ...any) {
	t.r.violate("disk", "%s (%s): %s", t.what, t.hit, fmt.Sprintf(format, args...))
}

// recoverLimit is what a process gets to go on by itself: a proxy waits 30 s between two tries at most.
const recoverLimit = 45 * time.Second

func (t *trial) run(ctx context.Context, o options, template string, target diskTarget, op diskOp, fault diskFault, at int) (got outcome, took time.Duration, err error) {
	work := t.work
	if err := errors.Join(os.RemoveAll(work), copyTree(template, work)); err != nil {
		return 0, 0, err
	}
	s, err := newSingle(o.bin, work)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	below := filepath.Join(work, "data", target.below)
	inject := &disk{}
	if op.do == nil {
		inject.fail(below, at, fault.sticky, fault.errno)
	}
	if err := s.start(inject); err != nil {
		return 0, 0, err
	}
	if op.do != nil {
		if err := s.await(ctx, startLimit); err != nil {
			return 0, 0, fmt.Errorf("before any fault: %w", err)
		}
		s.watch(ctx, t)
		inject.fail(below, at, fault.sticky, fault.errno)
	}

	operating, stopOperating := context.WithTimeout(ctx, 2*recoverLimit)
	defer stopOperating()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if op.do != nil {
			op.do(s, operating)
		} else {
			_ = s.await(operating, 2*recoverLimit)
		}
	}()
	if !t.strike(ctx, s, inject, done, op) {
		stopOperating()
		<-done
		return untouched, 0, nil
	}
	if fault.sticky {
		pause(ctx, 300*time.Millisecond)
		t.image(ctx, o)
	}
	inject.heal()
	healed := time.Now()
	got = s.outcome(done)
	if took = time.Since(healed); got != alone {
		took = 0
	}
	if got != alone {
		s.unwatch()
		s.stop()
		if err := s.start(nil); err != nil {
			return got, took, err
		}
		select {
		case <-done:
		case <-time.After(recoverLimit):
			t.wrong("no recovery, nor after a restart; see %s", s.log)
		}
	}
	s.unwatch()
	stopOperating()
	<-done
	t.end(ctx, s)
	return got, took, nil
}

// wantsRestart is what the embedded store says after an I/O error: what is in the kernel's memory may then differ from
// what is on disk, and only a new start reads anew. DNS goes on meanwhile.
const wantsRestart = "no writes after an I/O error until the file is opened again"

// outcome waits for the operation to be done, and says how.
func (s *single) outcome(done chan struct{}) outcome {
	deadline := time.After(recoverLimit)
	for {
		select {
		case <-done:
			return alone
		case <-s.ended:
			return failedFast
		case <-deadline:
			return restarted
		case <-time.After(time.Second):
			if text, _ := os.ReadFile(s.log); strings.Contains(string(text), wantsRestart) {
				return restarted
			}
		}
	}
}

// strike waits until the fault has hit; false when the operation was over before.
func (t *trial) strike(ctx context.Context, s *single, inject *disk, done chan struct{}, op diskOp) bool {
	for {
		if t.hit = inject.struck(); t.hit != "" {
			return true
		}
		select {
		case <-done:
			pause(ctx, settleTime) // what goes on beside it
			t.hit = inject.struck()
			return t.hit != ""
		case <-s.ended:
			t.hit = inject.struck()
			return t.hit != ""
		case <-ctx.Done():
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// settleTime is for what is written after an operation shows: the proxy has swapped, a base is compiled beside.
const settleTime = 400 * time.Millisecond

// image starts a copy of the folder as it is in the middle of the fault: what a crash now would leave must serve.
func (t *trial) image(ctx context.Context, o options) {
	dir := t.work + "-crash"
	defer os.RemoveAll(dir)
	if err := errors.Join(os.RemoveAll(dir), copyTree(t.work, dir)); err != nil {
		t.wrong("copy: %v", err)
		return
	}
	s, err := newSingle(o.bin, dir)
	if err == nil {
		err = s.start(nil)
	}
	if err != nil {
		t.wrong("copy: %v", err)
		return
	}
	defer s.stop()
	if err := s.await(ctx, startLimit); err != nil {
		t.wrong("a crash in the middle of the fault: %v\n%s", err, tail(s.log))
		return
	}
	t.end(ctx, s)
}

// end checks what is on disk, and that a start finds it and goes on from the same version.
func (t *trial) end(ctx context.Context, s *single) {
	before := s.newest()
	s.stop()
	for _, pattern := range []string{"data/publisher/bases/*.snap", "data/localproxy/base-*"} {
		files, _ := filepath.Glob(filepath.Join(s.dir, pattern))
		for _, f := range files {
			if out, err := exec.Command(s.bin, "snapshot", "fsck", f).CombinedOutput(); err != nil {
				t.wrong("a torn base %s: %v %s", f, err, out)
			}
		}
	}
	if err := s.start(nil); err != nil {
		t.wrong("the last start: %v", err)
		return
	}
	if err := s.await(ctx, startLimit); err != nil {
		t.wrong("the last start: %v\n%s", err, tail(s.log))
		return
	}
	if after := s.newest(); after.before(before) {
		t.wrong("after a start an older version: %+v, before %+v", after, before)
	}
}

func tail(path string) string {
	text, _ := os.ReadFile(path)
	return string(text[max(0, len(text)-3000):])
}

func copyTree(from, to string) error {
	_, err := output("/", "cp", "-a", from, to) // with its modes: a key is 0600
	return err
}
