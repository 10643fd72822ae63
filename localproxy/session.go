package localproxy

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/miekg/dns"

	"zonecast/localproxy/access"
	"zonecast/localproxy/answer"
	"zonecast/localproxy/listen"
	"zonecast/localproxy/live"
	"zonecast/localproxy/ratelimit"
)

// sessions are the listeners' handler: it gives each goroutine that answers a session, and counts for all of them.
type sessions struct {
	slot    *live.Slot
	gate    *access.Gate       // who may ask
	limiter *ratelimit.Limiter // nil: nobody is limited
	began   time.Time          // what the limiter's time counts from
	answers answer.Config

	mu   sync.Mutex
	all  []*session // every one ever made; as many as were in use at once, which the listeners' limits bound
	idle []*session // those nobody uses
}

// Session gives an idle session, or a new one. The one who used it before left its counts in it: they go on.
func (s *sessions) Session() listen.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		last := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return last
	}
	made := &session{home: s, engine: answer.NewEngine(s.answers)}
	s.all = append(s.all, made)
	return made
}

// session answers for one goroutine. Its counters are written by that goroutine alone: sizes of this order have a
// whole number of cache lines in Go's heap, so that no two sessions write to the same line.
type session struct {
	counts counts
	home   *sessions
	engine *answer.Engine
	held   *live.Release // from Begin to End; nil while there is none
	view   answer.View
	facts  answer.Facts
	asking *access.Set // who may, from Begin to End
}

// Begin takes the release in force: once for a batch, and whatever is swapped meanwhile.
func (s *session) Begin() {
	debug.SetPanicOnFault(true) // of this goroutine: see rescue
	s.asking = s.home.gate.Set()
	if s.held = s.home.slot.Take(); s.held != nil {
		s.view, s.facts = s.held.View, s.held.Facts
	}
}

// End lets the release go.
func (s *session) End() {
	s.engine.Forget()
	if s.held != nil {
		s.held.Done()
	}
	s.held, s.view, s.facts = nil, nil, answer.Facts{}
}

// Ahead is what the engine does for a batch.
func (s *session) Ahead(queries [][]byte) {
	defer func() { // a fault here is met again by the answer that needs the memory: see rescue
		if r := recover(); r != nil && (s.held == nil || s.held.Base.Snapshot.Faulted(r) == nil) {
			panic(r)
		}
	}()
	s.engine.Ahead(s.view, queries)
}

// Answer counts before the answer leaves: who has got it finds it counted.
func (s *session) Answer(query, buf []byte, from listen.Client) (answered []byte) {
	defer s.rescue(query, buf, from, &answered)
	if !s.asking.Has(from.Addr) {
		return s.refuse(query, buf, from)
	}
	response, outcome := s.engine.Answer(s.view, s.facts, query, buf, from.Transport)
	if response == nil {
		s.counts.dropped.Add(1)
		return nil
	}
	return s.limited(query, response, from, outcome)
}

// limited looks whether a client's network has had enough responses like this one. Only UDP is limited: who comes over
// TCP has shown that the address is his. Loopback does not even cost the time of day.
func (s *session) limited(query, response []byte, from listen.Client, outcome answer.Outcome) []byte {
	if s.home.limiter != nil && from.Transport == answer.UDP && !from.Addr.IsLoopback() {
		switch s.home.limiter.Judge(time.Since(s.home.began), from.Addr, kindOf(response, outcome), outcome.Shared) {
		case ratelimit.Drop:
			s.counts.limited[limitedDropped].Add(1)
			return nil
		case ratelimit.Slip:
			s.counts.limited[limitedSlipped].Add(1)
			response = s.engine.Truncate(query, response)
		}
	}
	s.counts.answered(from.Transport, outcome)
	return response
}

// kindOf tells what a response says, from its header.
func kindOf(response []byte, outcome answer.Outcome) ratelimit.Kind {
	switch {
	case outcome.Rcode == dns.RcodeNameError:
		return ratelimit.NotFound
	case outcome.Rcode != dns.RcodeSuccess:
		return ratelimit.Fault
	case response[6]|response[7] != 0: // records in the answer
		return ratelimit.Answer
	case response[2]&4 != 0: // AA
		return ratelimit.NoData
	}
	return ratelimit.Referral
}

// refuse tells a client that it may not ask, whatever it asked: silence would make it try again and again.
func (s *session) refuse(query, buf []byte, from listen.Client) []byte {
	response, outcome := s.engine.Refuse(query, buf)
	if response == nil {
		s.counts.dropped.Add(1)
		return nil
	}
	s.counts.prohibited.Add(1)
	return s.limited(query, response, from, outcome) // a refusal can be sent to a victim, too
}

// rescue answers a query during which the base's mapping could not be read: its file was cut short, or the disk is gone.
// The base is given to nobody after that; the query, and the rest of the batch, is answered from what took its place
// meanwhile, or else with SERVFAIL. Deferred for each query and not for a batch, so that no listener has to know: some
// ten nanoseconds (BenchmarkRescue).
func (s *session) rescue(query, buf []byte, from listen.Client, answered *[]byte) {
	r := recover()
	if r == nil {
		return
	}
	err := error(nil)
	if s.held != nil {
		err = s.held.Base.Snapshot.Faulted(r)
	}
	if err == nil {
		panic(r)
	}
	s.held.Base.Break(err)
	s.engine = answer.NewEngine(s.home.answers) // the other was left in the middle of something
	s.End()
	s.Begin()
	*answered = s.Answer(query, buf, from)
}

// Close gives the session back.
func (s *session) Close() {
	s.home.mu.Lock()
	defer s.home.mu.Unlock()
	s.home.idle = append(s.home.idle, s)
}
