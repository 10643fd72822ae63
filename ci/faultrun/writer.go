//go:build linux && amd64

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// writer sends events all the time. Each of its workers owns a part of the fleet, so that the order of a server's
// revisions is known; a batch is repeated, at whichever rules process, until it is answered.
type writer struct {
	w      *world
	client *http.Client

	acked, repeated, batches atomic.Int64
	lastAck                  atomic.Int64 // Unix nanoseconds
	longest                  atomic.Int64 // from the first try to the answer, in nanoseconds
}

const (
	workers   = 4
	postLimit = 5 * time.Second // of one try: a process may be stopped
)

func newWriter(w *world) *writer {
	return &writer{w: w, client: &http.Client{Timeout: postLimit}}
}

// fill puts the whole fleet in.
func (wr *writer) fill(ctx context.Context) error {
	random := rand.New(rand.NewPCG(1, 1))
	for rest := wr.w.fleet; len(rest) > 0; {
		part := rest[:min(500, len(rest))]
		rest = rest[len(part):]
		b := &batch{}
		for _, s := range part {
			b.add(s, put(random))
		}
		if err := wr.send(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// run sends until ctx ends; what is under way then is still brought to its answer, so that the end is known.
func (wr *writer) run(ctx context.Context, seed uint64, gap time.Duration) error {
	var all sync.WaitGroup
	errs := make(chan error, workers)
	for n := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			var last *batch
			for ctx.Err() == nil {
				b := last
				if b == nil || random.IntN(12) > 0 { // now and then one that was answered long ago
					b = wr.compose(random, n)
				}
				finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Minute)
				err := wr.send(finish, b)
				cancel()
				if err != nil {
					errs <- err
					return
				}
				last = b
				pause(ctx, gap/2+time.Duration(random.Int64N(int64(gap))))
			}
		})
	}
	all.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// compose changes one to eight of a worker's servers.
func (wr *writer) compose(random *rand.Rand, worker int) *batch {
	b := &batch{}
	for range 1 + random.IntN(8) {
		s := wr.w.fleet[random.IntN(len(wr.w.fleet)/workers)*workers+worker]
		if b.has(s) {
			continue
		}
		r := put(random)
		if _, now := s.last(); !now.gone && random.IntN(5) == 0 {
			r = revision{gone: true}
		}
		b.add(s, r)
	}
	return b
}

func put(random *rand.Rand) (r revision) {
	for range random.IntN(3) {
		r.roles = append(r.roles, random.IntN(poolCount))
	}
	return r
}

// batch is what is posted, and repeated, as one.
type batch struct {
	servers []*server
	revs    []int
	lines   []string
	tried   bool
	done    bool
}

func (b *batch) has(s *server) bool {
	for _, have := range b.servers {
		if have == s {
			return true
		}
	}
	return false
}

func (b *batch) add(s *server, r revision) {
	rev, event := s.next(r)
	b.servers, b.revs, b.lines = append(b.servers, s), append(b.revs, rev), append(b.lines, event)
}

// send posts until the batch is answered. What comes for the first time must be accepted; what may have been taken
// by a try before, or was answered before, may be ignored.
func (wr *writer) send(ctx context.Context, b *batch) error {
	begun := time.Now()
	wr.batches.Add(1)
	for try := rand.IntN(2); ; try++ {
		target := wr.w.of("rules")[try%2]
		answers, sure, err := wr.post(ctx, target.url, b)
		if err == nil {
			wr.judge(b, answers)
			b.tried, b.done = true, true
			wr.lastAck.Store(time.Now().UnixNano())
			if took := int64(time.Since(begun)); took > wr.longest.Load() {
				wr.longest.Store(took)
			}
			return nil
		}
		b.tried = b.tried || !sure
		wr.repeated.Add(1)
		if !pause(ctx, 50*time.Millisecond+rand.N(100*time.Millisecond)) {
			return fmt.Errorf("a batch was not taken within %v; last: %w", time.Since(begun).Round(time.Second), err)
		}
	}
}

type answer struct {
	Line           int
	Status, Reason string
}

// post tries once; sure means that nothing can have been taken.
func (wr *writer) post(ctx context.Context, url string, b *batch) (answers []answer, sure bool, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", url+"/v1/events?feed=campaign", strings.NewReader(strings.Join(b.lines, "\n")))
	if err != nil {
		return nil, true, err
	}
	req.Header.Set("Authorization", "Bearer "+siteToken)
	res, err := wr.client.Do(req)
	if err != nil {
		return nil, false, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, false, err
	}
	if res.StatusCode != http.StatusOK {
		if res.StatusCode != http.StatusServiceUnavailable && res.StatusCode != http.StatusTooManyRequests {
			wr.w.violate("an event was refused", "%d %s", res.StatusCode, text)
		}
		return nil, strings.Contains(string(text), "does not lead here"), fmt.Errorf("%s: %d %.200s", url, res.StatusCode, text)
	}
	for dec := json.NewDecoder(strings.NewReader(string(text))); len(answers) < len(b.lines); {
		var a answer
		if err := dec.Decode(&a); err != nil {
			return nil, false, fmt.Errorf("half an answer: %w", err)
		}
		answers = append(answers, a)
	}
	return answers, true, nil
}

func (wr *writer) judge(b *batch, answers []answer) {
	for i, a := range answers {
		switch {
		case a.Status == "accepted" && !b.done, a.Status == "ignored" && b.tried:
		default:
			wr.w.violate("an event was answered wrongly", "%s %s (sent before: %v, answered before: %v): %s", a.Status, a.Reason, b.tried, b.done, b.lines[i])
		}
		if !b.done {
			b.servers[i].acknowledge(b.revs[i])
			wr.acked.Add(1)
		}
	}
}

// of gives the two processes of a stage.
func (w *world) of(kind string) (list []*stage) {
	for _, s := range w.stages {
		if s.kind == kind {
			list = append(list, s)
		}
	}
	return list
}
