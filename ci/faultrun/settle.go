//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// converge waits until every proxy serves, of every server, the highest acknowledged revision: which is then the only
// one there is. It returns how long that took.
func (w *world) converge(ctx context.Context, limit time.Duration) (time.Duration, error) {
	begun := time.Now()
	for _, p := range w.proxies {
		rest := w.fleet
		err := poll(ctx, limit-time.Since(begun), p.name+" serves every acknowledged event", func() bool {
			for len(rest) > 0 && w.serves(p, rest[0]) == nil {
				rest = rest[1:]
			}
			return len(rest) == 0
		})
		if err != nil {
			var first error
			if len(rest) > 0 {
				first = w.serves(p, rest[0])
			}
			return time.Since(begun), fmt.Errorf("%w; %d servers were not looked at; first: %w", err, max(0, len(rest)-1), first)
		}
	}
	return time.Since(begun), nil
}

// serves tells whether a proxy answers with what was acknowledged last for a server.
func (w *world) serves(p *proxy, s *server) error {
	rev, want := s.last()
	reply, _, err := ask(p.addr, "udp", s.fqdn(), dns.TypeAAAA)
	if err != nil {
		return err
	}
	if want.gone {
		if reply.Rcode != dns.RcodeNameError {
			return fmt.Errorf("%s was deleted by revision %d: %s", s.fqdn(), rev, reply)
		}
		return nil
	}
	if reply.Rcode != dns.RcodeSuccess {
		return fmt.Errorf("%s of revision %d is %s", s.fqdn(), rev, dns.RcodeToString[reply.Rcode])
	}
	if have, err := s.judgeAnswer(reply, rev); err != nil || have != rev {
		return fmt.Errorf("%s is of revision %d, want %d: %w", s.fqdn(), have, rev, errors.Join(err, errors.New("not the last")))
	}
	return nil
}

// pools compares each pool with the acknowledged members.
func (w *world) pools() {
	want := make([][]string, poolCount)
	for _, s := range w.fleet {
		rev, r := s.last()
		for _, n := range r.roles {
			want[n] = append(want[n], address4(s.id, rev).String())
		}
	}
	for n := range want {
		slices.Sort(want[n])
		want[n] = slices.Compact(want[n])
	}
	for _, p := range w.proxies {
		for n := range want {
			reply, _, err := ask(p.addr, "tcp", fmt.Sprintf("pool%d.%s", n, suffix), dns.TypeA)
			if err != nil {
				w.violate("a pool is wrong in the end", "%s: %v", p.name, err)
				continue
			}
			var have []string
			for _, rr := range reply.Answer {
				if a, ok := rr.(*dns.A); ok {
					have = append(have, a.A.String())
				}
			}
			slices.Sort(have)
			if !slices.Equal(have, want[n]) {
				w.violate("a pool is wrong in the end", "%s: pool%d has %d members, want %d", p.name, n, len(have), len(want[n]))
			}
		}
	}
}

// settle is the end of every campaign: all that was acknowledged is served, nothing is held, and the base has the
// same octets as one made afresh from what was acknowledged.
func (w *world) settle(ctx context.Context) {
	took, err := w.converge(ctx, 90*time.Second)
	if err != nil {
		w.violate("an acknowledged event is not served", "%v", err)
	}
	w.note("all acknowledged events served, after the end", "%.1f s", took.Seconds())
	w.pools()
	if s, err := w.status(ctx); err != nil || s.Held != 0 {
		w.violate("something is held", "%d items (%v)", s.Held, err)
	}
	base, path, err := w.base(ctx)
	if err != nil {
		w.violate("no base could be had", "%v", err)
		return
	}
	w.say("comparing base %s (%d octets) with one made afresh", filepath.Base(path), len(base))
	if err := w.afresh(ctx, base, path); err != nil {
		w.violate("the base differs from one made afresh", "%v", err)
	} else {
		w.note("final base, and one made afresh", "the same %d octets", len(base))
	}
	w.fsck()
}

// base has the publisher compile all there is, under a new epoch, and waits until every proxy has gone over to it.
func (w *world) base(ctx context.Context) (data []byte, path string, err error) {
	err = poll(ctx, time.Minute, "a new epoch", func() bool {
		for _, p := range w.of("publisher") {
			code, _, err := call(ctx, "POST", p.url+"/v1/epoch", `{"reason":"the campaign is over: one base of all","by":"faults"}`)
			if err == nil && code == http.StatusOK {
				return true
			}
		}
		return false
	})
	if err != nil {
		return nil, "", err
	}
	s, err := w.status(ctx)
	if err != nil {
		return nil, "", err
	}
	version := s.Head["base-version"]
	if version != s.Head["version"] {
		return nil, "", fmt.Errorf("the head of the new epoch is at %s, its base at %s", s.Head["version"], version)
	}
	for _, p := range w.of("publisher") {
		candidate := filepath.Join(w.dir, "data-"+p.name, "publisher", "bases", version+".snap")
		if data, err = os.ReadFile(candidate); err == nil {
			path = candidate
			break
		}
	}
	if err != nil {
		return nil, "", err
	}
	epoch, _ := strconv.ParseInt(s.Head["epoch"], 10, 64)
	for _, p := range w.proxies {
		err := poll(ctx, time.Minute, p.name+" is in the new epoch", func() bool {
			reply, _, err := ask(p.addr, "udp", "_timestamp."+suffix, dns.TypeTXT)
			if err != nil {
				return false
			}
			at, err := stampOf(reply)
			return err == nil && at.epoch >= epoch
		})
		if err != nil {
			return nil, "", err
		}
	}
	_, err = w.converge(ctx, time.Minute)
	return data, path, err
}

// afresh has one new process, on an empty embedded store, make a base from what was acknowledged, and compares.
func (w *world) afresh(ctx context.Context, want []byte, wantPath string) error {
	url := fmt.Sprintf("127.0.0.1:%d", freePort())
	p := w.zonecast("afresh", "", "up", "-c", "afresh.yaml", "--data", "data-afresh", "--http", url, "--dns", fmt.Sprintf("127.0.0.1:%d", freePort()))
	if err := p.start(); err != nil {
		return err
	}
	defer p.kill()
	var lines []string
	for _, s := range w.fleet {
		if rev, r := s.last(); rev > 0 {
			lines = append(lines, s.event(rev, r))
		}
	}
	err := poll(ctx, time.Minute, "a fresh pipeline takes the inventory", func() bool {
		code, text, err := call(ctx, "POST", "http://"+url+"/v1/events?feed=campaign", strings.Join(lines, "\n"))
		return err == nil && code == http.StatusOK && !strings.Contains(text, `"refused"`)
	})
	if err != nil {
		return err
	}
	var last string
	err = poll(ctx, time.Minute, "the bases are the same", func() bool {
		if code, _, err := call(ctx, "POST", "http://"+url+"/v1/epoch", `{"reason":"one base of all","by":"faults"}`); err != nil || code != http.StatusOK {
			return false
		}
		made, err := filepath.Glob(filepath.Join(w.dir, "data-afresh", "publisher", "bases", "*.snap"))
		if err != nil || len(made) == 0 {
			return false
		}
		slices.Sort(made)
		last = made[len(made)-1]
		have, err := os.ReadFile(last)
		if same := err == nil && bytes.Equal(have, want); same {
			return true
		}
		pause(ctx, time.Second)
		return false
	})
	if err != nil && last != "" {
		diff, _ := output(w.dir, w.bin, "snapshot", "diff", wantPath, last)
		return fmt.Errorf("%w\nthe campaign's -> afresh:\n%.2000s", err, diff)
	}
	return err
}

// fsck checks every base that any process keeps.
func (w *world) fsck() {
	var files []string
	for _, pattern := range []string{"data-*/publisher/bases/*.snap", "data-*/localproxy/base-*"} {
		found, _ := filepath.Glob(filepath.Join(w.dir, pattern))
		files = append(files, found...)
	}
	for _, f := range files {
		if out, err := output(w.dir, w.bin, "snapshot", "fsck", f); err != nil {
			w.violate("a base on disk is torn", "%s: %v %s", f, err, out)
		}
	}
	w.note("bases on disk that snapshot fsck finds clean", "%d", len(files))
}
