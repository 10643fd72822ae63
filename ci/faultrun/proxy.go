//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// proxy is one local proxy, and what a querier has seen of it, across all of its lives.
type proxy struct {
	*process
	addr string

	// dying is odd from the moment it is to be killed until it has answered again: what goes unanswered then is the
	// killer's fault.
	dying atomic.Int64

	queries, failed atomic.Int64
	slowest         atomic.Int64 // nanoseconds
	back            atomic.Int64 // the longest from a start to the first answer

	mu    sync.Mutex
	stamp stamp       // the newest that it answered with
	seen  map[int]int // by server: the newest revision
}

// stamp orders what a proxy says of itself.
type stamp struct{ epoch, version, signed, asOf int64 }

func (s stamp) before(o stamp) bool {
	switch {
	case s.epoch != o.epoch:
		return s.epoch < o.epoch
	case s.version != o.version:
		return s.version < o.version
	}
	return s.signed < o.signed
}

const (
	queryLimit = 4 * time.Second  // a stub resolver gives up after five
	startLimit = 20 * time.Second // from a start to the first answer, on a busy machine
)

// killed is called before a kill.
func (p *proxy) killed() {
	if p.dying.Load()%2 == 0 {
		p.dying.Add(1)
	}
}

// born waits for the first answer after a start, beside the querier: that one may still wait for an answer which died with
// the life before.
func (w *world) born(ctx context.Context, p *proxy) {
	begun, life := time.Now(), p.dying.Load()
	c := &dns.Client{Timeout: 50 * time.Millisecond}
	m := new(dns.Msg).SetQuestion("_timestamp."+suffix, dns.TypeTXT)
	err := poll(ctx, startLimit, p.name+" answers after its start", func() bool {
		reply, _, err := c.Exchange(m, p.addr)
		return p.dying.Load() != life || err == nil && reply.Rcode == dns.RcodeSuccess
	})
	switch {
	case p.dying.CompareAndSwap(life, life+1) && err == nil:
		p.back.Store(max(p.back.Load(), int64(time.Since(begun))))
	case err != nil && ctx.Err() == nil:
		w.violate("a proxy did not come back", "%v", err)
	}
}

// query asks a proxy all the time and judges each answer. gap is the mean pause between two.
func (w *world) query(ctx context.Context, p *proxy, gap time.Duration) {
	random := rand.New(rand.NewPCG(7, 7))
	p.seen = map[int]int{}
	for ctx.Err() == nil {
		life := p.dying.Load()
		network := "udp"
		if random.IntN(40) == 0 {
			network = "tcp"
		}
		s := w.fleet[random.IntN(len(w.fleet))]
		name, qtype := s.fqdn(), dns.TypeAAAA
		switch random.IntN(12) {
		case 0:
			name, qtype = "_timestamp."+suffix, dns.TypeTXT
		case 1:
			qtype = dns.TypeA
		case 2:
			name, qtype = fmt.Sprintf("pool%d.%s", random.IntN(poolCount), suffix), dns.TypeA
		}
		reply, took, err := ask(p.addr, network, name, qtype)
		alive := life%2 == 0 && p.dying.Load() == life
		switch {
		case err != nil && alive && ctx.Err() == nil:
			p.failed.Add(1)
			w.violate("a living proxy did not answer", "%s: %s %s over %s: %v", p.name, name, dns.TypeToString[qtype], network, err)
		case err != nil: // nobody is there
			pause(ctx, 20*time.Millisecond)
			continue
		default:
			p.queries.Add(1)
			p.slowest.Store(max(p.slowest.Load(), int64(took)))
			w.judge(p, s, name, qtype, reply)
		}
		pause(ctx, gap/2+rand.N(gap))
	}
}

func ask(addr, network, name string, qtype uint16) (*dns.Msg, time.Duration, error) {
	m := new(dns.Msg).SetQuestion(name, qtype)
	m.SetEdns0(65000, false) // pools are large
	c := &dns.Client{Net: network, Timeout: queryLimit}
	return c.Exchange(m, addr)
}

// judge holds an answer to what was sent, and to what this proxy answered before.
func (w *world) judge(p *proxy, s *server, name string, qtype uint16, reply *dns.Msg) {
	rcode := dns.RcodeToString[reply.Rcode]
	if reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		w.violate("a wrong answer", "%s: %s %s is %s", p.name, name, dns.TypeToString[qtype], rcode)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case qtype == dns.TypeTXT:
		now, err := stampOf(reply)
		if err != nil {
			w.violate("a wrong answer", "%s: %v", p.name, err)
			return
		}
		if now.before(p.stamp) {
			w.violate("a version went back", "%s: %+v after %+v", p.name, now, p.stamp)
		}
		p.stamp = now
	case qtype == dns.TypeAAAA:
		rev, err := s.judgeGone(p.seen[s.id])
		if reply.Rcode == dns.RcodeSuccess {
			rev, err = s.judgeAnswer(reply, p.seen[s.id])
		}
		if err != nil {
			w.violate("a wrong answer", "%s: %s %s: %v", p.name, name, rcode, err)
			return
		}
		p.seen[s.id] = rev
	}
}

func (s *server) judgeAnswer(reply *dns.Msg, seen int) (int, error) {
	if len(reply.Answer) != 1 {
		return seen, fmt.Errorf("%d records, want 1", len(reply.Answer))
	}
	record, ok := reply.Answer[0].(*dns.AAAA)
	if !ok {
		return seen, fmt.Errorf("not an AAAA: %s", reply.Answer[0])
	}
	addr, _ := netip.AddrFromSlice(record.AAAA)
	id, rev := parse6(addr)
	if id != s.id {
		return seen, fmt.Errorf("%s is another server's", addr)
	}
	return rev, s.judgePresent(rev, seen)
}

func stampOf(reply *dns.Msg) (s stamp, err error) {
	if len(reply.Answer) != 1 {
		return s, fmt.Errorf("_timestamp has %d records", len(reply.Answer))
	}
	record, ok := reply.Answer[0].(*dns.TXT)
	if !ok {
		return s, fmt.Errorf("_timestamp: %s", reply.Answer[0])
	}
	for _, text := range record.Txt {
		key, value, _ := strings.Cut(text, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return s, err
		}
		switch key {
		case "epoch":
			s.epoch = n
		case "version":
			s.version = n
		case "signed":
			s.signed = n
		case "as-of":
			s.asOf = n
		}
	}
	return s, nil
}
