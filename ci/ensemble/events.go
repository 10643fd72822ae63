package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/measure"
)

// put sends the whole inventory as a full list, and says when.
func (c *cluster) put(path string) (begun time.Time, err error) {
	p, err := c.leader("rules")
	if err != nil {
		return begun, err
	}
	list, err := os.Open(path)
	if err != nil {
		return begun, err
	}
	defer list.Close()
	begun = time.Now()
	status, answer, err := measure.Send("PUT", "http://"+p.http+"/v1/feeds/"+measure.Feed, list)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the list is refused: %d %.300s", status, answer)
	}
	return begun, err
}

// accept posts an event to the rules processes until one accepts it: a standby names the leader.
func (c *cluster) accept(event string) error {
	var all []error
	urls := []string{"http://" + c.processes[0].http, "http://" + c.processes[1].http}
	for i := 0; i < len(urls) && i < 4; i++ {
		status, answer, err := measure.Send("POST", urls[i]+"/v1/events?feed="+measure.Feed, strings.NewReader(event))
		if err == nil && status == http.StatusOK && strings.Contains(answer, `"accepted"`) {
			return nil
		}
		var refusal struct{ Leader string }
		if json.Unmarshal([]byte(answer), &refusal) == nil && refusal.Leader != "" && i < 2 {
			urls = append(urls[:i+1], refusal.Leader)
		}
		all = append(all, fmt.Errorf("%s: %d %.200s", urls[i], status, answer), err)
	}
	return errors.Join(all...)
}

// address says whether an answer is this one address.
func address(want string) func(*dns.A) bool {
	return func(a *dns.A) bool { return a.A.String() == want }
}

// ttl says whether an answer has this TTL.
func ttl(want uint32) func(*dns.A) bool { return func(a *dns.A) bool { return a.Hdr.Ttl == want } }

// pause is between two questions: it is part of what is measured.
const pause = 2 * time.Millisecond

// await asks until the one A record of a name passes.
func await(server, name string, passes func(*dns.A) bool, limit time.Duration) error {
	client := &dns.Client{Timeout: 500 * time.Millisecond}
	conn, err := client.Dial(server)
	if err != nil {
		return err
	}
	defer conn.Close()
	last := ""
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(pause) {
		r, _, err := client.ExchangeWithConn(new(dns.Msg).SetQuestion(name, dns.TypeA), conn)
		if err == nil && len(r.Answer) == 1 {
			if a, ok := r.Answer[0].(*dns.A); ok && passes(a) {
				return nil
			}
		}
		last = fmt.Sprintf("%v %v", r, err)
	}
	return fmt.Errorf("%s of %s is not what it should be within %v: %s", name, server, limit, last)
}

// tracker waits for many changes at several proxies with few questions: each proxy is asked for the oldest change it has not
// shown yet. A change that overtakes an older one is so counted late, never early.
type tracker struct {
	mu      sync.Mutex
	changes []*change
	fault   error
	end     context.CancelFunc
	wg      sync.WaitGroup
	from    int // of the next wait
}

// change is an accepted event.
type change struct {
	name, address string
	accepted      time.Time
	shown         int // proxies
	took          time.Duration
}

const proxyCount = 3

func newTracker(proxies []*process) (*tracker, error) {
	ctx, cancel := context.WithCancel(context.Background())
	t := &tracker{end: cancel}
	for _, p := range proxies {
		t.wg.Go(func() { t.watch(ctx, p) })
	}
	return t, nil
}

// add counts from now: the event has been accepted.
func (t *tracker) add(name, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes = append(t.changes, &change{name: name, address: address, accepted: time.Now()})
}

// watch is one proxy's turn.
func (t *tracker) watch(ctx context.Context, p *process) {
	for i := 0; ctx.Err() == nil; {
		t.mu.Lock()
		var c *change
		if i < len(t.changes) {
			c = t.changes[i]
		}
		t.mu.Unlock()
		if c == nil {
			time.Sleep(pause / 2)
			continue
		}
		err := await(p.dns, c.name, address(c.address), 30*time.Second)
		t.mu.Lock()
		c.shown++
		c.took = max(c.took, time.Since(c.accepted))
		t.fault = errors.Join(t.fault, err)
		t.mu.Unlock()
		i++
	}
}

// wait gives the times of the next n changes, once all proxies have shown them.
func (t *tracker) wait(n int) ([]time.Duration, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		t.mu.Lock()
		var took []time.Duration
		for _, c := range t.changes[t.from:] {
			if c.shown == proxyCount {
				took = append(took, c.took)
			}
		}
		err := t.fault
		t.mu.Unlock()
		if len(took) >= n || err != nil {
			t.from += n
			return took, err
		}
		if time.Now().After(end) {
			return took, fmt.Errorf("%d of %d changes are shown after a minute", len(took), n)
		}
	}
}

func (t *tracker) close() {
	t.end()
	t.wg.Wait()
}
