//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// single is one `zonecast up`, whose disk fails.
type single struct {
	bin, dir, log string
	dns, http     string
	cmd           *exec.Cmd
	ended         chan struct{}
	fleet         []*server

	mu     sync.Mutex
	at     stamp // the newest answer
	seen   int   // the newest revision of the one server that changes
	asking context.CancelFunc
	asked  sync.WaitGroup
}

func newSingle(bin, dir string) (*single, error) {
	s := &single{bin: bin, dir: dir, log: filepath.Join(dir, "log"), fleet: newFleet(1)}
	s.dns, s.http = fmt.Sprintf("127.0.0.1:%d", freePort()), fmt.Sprintf("127.0.0.1:%d", freePort())
	s.fleet[0].next(revision{})
	s.fleet[0].acknowledge(1)
	return s, nil
}

// start runs the program, under an injector if there is one.
func (s *single) start(inject *disk) error {
	out, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	s.cmd = exec.Command(s.bin, "up", "-c", "afresh.yaml", "--data", filepath.Join(s.dir, "data"), "--dns", s.dns, "--http", s.http)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, out, out
	if inject != nil {
		s.ended, err = inject.trace(s.cmd)
		return err
	}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
	go func() { _ = cmd.Wait(); close(ended) }()
	return nil
}

// stop is kill -9.
func (s *single) stop() {
	s.unwatch()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // by its handle, never by a number: it may have ended already
	<-s.ended
	s.cmd = nil
}

// await waits for an answer and for the stages.
func (s *single) await(ctx context.Context, limit time.Duration) error {
	var last error
	err := poll(ctx, limit, "zonecast up answers", func() bool {
		if _, last = s.stamp(200 * time.Millisecond); last != nil {
			return false
		}
		code, text, err := call(ctx, "GET", "http://"+s.http+"/readyz", "")
		last = errors.Join(err, fmt.Errorf("/readyz: %d %.200s", code, text))
		return err == nil && code == http.StatusOK
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

func (s *single) stamp(limit time.Duration) (stamp, error) {
	c := &dns.Client{Timeout: limit}
	reply, _, err := c.Exchange(new(dns.Msg).SetQuestion("_timestamp."+suffix, dns.TypeTXT), s.dns)
	if err != nil {
		return stamp{}, err
	}
	now, err := stampOf(reply)
	if err != nil {
		return now, fmt.Errorf("%s: %w", dns.RcodeToString[reply.Rcode], err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at.before(now) {
		s.at = now
	}
	return now, nil
}

func (s *single) newest() stamp {
	now, err := s.stamp(queryLimit)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.at
	}
	return now
}

// watch asks all the time until unwatch: every query must be answered, and nothing goes back.
func (s *single) watch(ctx context.Context, t *trial) {
	ctx, cancel := context.WithCancel(ctx)
	s.asking = cancel
	s.asked.Go(func() {
		for ; ctx.Err() == nil; pause(ctx, 10*time.Millisecond) {
			s.mu.Lock()
			before := s.at
			s.mu.Unlock()
			now, err := s.stamp(queryLimit)
			select {
			case <-s.ended: // it gave up: that is judged elsewhere
				return
			default:
			}
			switch {
			case ctx.Err() != nil:
			case err != nil:
				t.wrong("a query is not answered: %v", err)
			case now.before(before):
				t.wrong("a version went back: %+v after %+v", now, before)
			}
			if reply, _, err := ask(s.dns, "udp", s.fleet[0].fqdn(), dns.TypeAAAA); err == nil {
				rev, err := s.fleet[0].judgeAnswer(reply, s.seen)
				if err != nil && ctx.Err() == nil {
					t.wrong("a wrong answer: %v", err)
				}
				s.seen = rev
			}
		}
	})
}

func (s *single) unwatch() {
	if s.asking != nil {
		s.asking()
		s.asked.Wait()
		s.asking = nil
	}
}

// change moves the one server, and waits until DNS says so.
func (s *single) change(ctx context.Context) {
	one := s.fleet[0]
	rev, event := one.next(revision{})
	for ; ctx.Err() == nil; pause(ctx, 50*time.Millisecond) {
		code, text, err := call(ctx, "POST", "http://"+s.http+"/v1/events?feed=campaign", event)
		if err == nil && code == http.StatusOK && (strings.Contains(text, "accepted") || strings.Contains(text, "ignored")) {
			break
		}
	}
	for ; ctx.Err() == nil; pause(ctx, 5*time.Millisecond) {
		reply, _, err := ask(s.dns, "udp", one.fqdn(), dns.TypeAAAA)
		if err != nil || reply.Rcode != dns.RcodeSuccess {
			continue
		}
		if have, err := one.judgeAnswer(reply, 0); err == nil && have == rev {
			return
		}
	}
}

// newEpoch orders a base of everything, and waits until DNS says so.
func (s *single) newEpoch(ctx context.Context) {
	was := s.newest().epoch
	for ; ctx.Err() == nil; pause(ctx, 100*time.Millisecond) {
		if now, err := s.stamp(queryLimit); err == nil && now.epoch > was {
			return
		}
		_, _, _ = call(ctx, "POST", "http://"+s.http+"/v1/epoch", `{"reason":"a base while the disk fails","by":"faults"}`)
	}
}
