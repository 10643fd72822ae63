package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// fullTargets are the folders that get a small file system of their own, and fill up for real.
var fullTargets = []struct{ what, below string }{
	{"the local proxy's file system", "localproxy"},
	{"the publisher's file system", "publisher"},
	{"the file system of everything", ""},
}

// fullFor is how long a file system stays full: long enough for many tries.
const fullFor = 8 * time.Second

// fillUp has a file system fill up for real under each part of `zonecast up`, while events flow, and gives the space back.
func fillUp(ctx context.Context, r *referee, o options, dir, template string) error {
	for _, target := range fullTargets {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := &trial{r: r, work: filepath.Join(dir, "full"), what: target.what + " full", hit: "ENOSPC"}
		if err := t.fill(ctx, o, template, filepath.Join("data", target.below)); err != nil {
			return fmt.Errorf("%s: %w", t.what, err)
		}
	}
	return nil
}

func (t *trial) fill(ctx context.Context, o options, template, folder string) error {
	mount := filepath.Join(t.work, folder)
	if err := errors.Join(os.RemoveAll(t.work), copyTree(template, t.work), os.RemoveAll(mount), os.MkdirAll(mount, 0o750)); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=16m"); err != nil {
		return fmt.Errorf("a small file system (wants root): %w", err)
	}
	defer func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) }()
	if err := copyTree(filepath.Join(template, folder)+"/.", mount); err != nil {
		return err
	}
	s, err := newSingle(o.bin, t.work)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.start(nil); err != nil {
		return err
	}
	if err := s.await(ctx, startLimit); err != nil {
		return fmt.Errorf("before any fault: %w", err)
	}
	s.watch(ctx, t)
	defer s.unwatch()
	filler := filepath.Join(mount, "filler")
	if err := fillFile(filler); err != nil {
		return err
	}
	working, stop := context.WithTimeout(ctx, fullFor+2*recoverLimit)
	defer stop()
	// Changes are sent one after the other, and a base is ordered: some of it waits for space.
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2 * behindEvents {
			s.change(working)
		}
		s.newEpoch(working)
		s.change(working)
	}()
	pause(ctx, fullFor)
	select {
	case <-s.ended:
		t.wrong("it ended while the disk was full:\n%s", tail(s.log))
	default:
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	back := time.Now()
	select {
	case <-done:
		t.r.note(t.what+", then space", "went on alone, all of it served %.1f s after", time.Since(back).Seconds())
	case <-time.After(recoverLimit):
		t.wrong("did not go on within %v after space returned:\n%s", recoverLimit, tail(s.log))
	}
	s.unwatch()
	stop()
	<-done
	t.end(ctx, s)
	// What is on disk names the last event, and a start finds it.
	if reply, _, err := ask(s.dns, "udp", s.fleet[0].fqdn(), dns.TypeAAAA); err != nil {
		t.wrong("after a start: %v", err)
	} else if _, err := s.fleet[0].judgeAnswer(reply, s.seen); err != nil {
		t.wrong("after a start: %v", err)
	}
	return nil
}

// fillFile writes until there is no space left.
func fillFile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				return err
			}
			size /= 2
		}
	}
	return nil
}
