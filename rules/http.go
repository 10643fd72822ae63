package rules

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"zonecast/internal/decision"
	"zonecast/internal/inventory"
	"zonecast/internal/leader"
	"zonecast/internal/load"
	"zonecast/internal/service"
	"zonecast/internal/table"
)

// maxEvents bounds the body of one POST /v1/events, in octets; chunkEvents the events of one job.
const (
	maxEvents   = 256 << 20
	chunkEvents = 50_000
	chunkBytes  = 64 << 20
)

func (s *Stage) mount(h *service.Host) {
	h.Mux.HandleFunc("POST /v1/events", h.Guard(s.postEvents))
	h.Mux.HandleFunc("PUT /v1/feeds/{name}", h.Guard(s.putFeed))
	h.Mux.HandleFunc("PUT /v1/inventory", h.Guard(s.putInventory))
	h.Mux.HandleFunc("PUT /v1/rules", h.Guard(s.putRules))
	h.Mux.HandleFunc("POST /v1/rules/plan", h.Question(s.postPlan))
	h.Mux.HandleFunc("POST /v1/stages/"+s.name+"/held/{id}/release", h.Guard(s.release))
}

// leading gives the term under way, or answers 503 with the leader's address.
func (s *Stage) leading(w http.ResponseWriter, r *http.Request) *lead {
	l := s.lead.Load()
	if l != nil && (s.cfg.Dir == "" || l.tried.Load()) {
		return l
	}
	if l != nil {
		w.Header().Set("Retry-After", "1")
		service.Fail(w, http.StatusServiceUnavailable, errors.New("starting: the rules folder is being read"))
		return nil
	}
	leader.Elsewhere(w, r, s.st, s.host, s.name, "does not lead here")
	return nil
}

// fail answers a job's error. When it is the end of the term nothing has been done, and the client may go where
// somebody leads.
func (s *Stage) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusServiceUnavailable
	var refused *refusal
	switch {
	case errors.Is(err, errEnded), errors.Is(err, table.ErrFenced):
		leader.Elsewhere(w, r, s.st, s.host, s.name, "leads here no more")
		return
	case errors.Is(err, errQueueFull):
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", "1")
	case errors.As(err, &refused):
		status = refused.status
	}
	service.Fail(w, status, err)
}

// refusal is an error with the HTTP status that says whose fault it is.
type refusal struct {
	status int
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }

// Unwrap gives the cause.
func (r *refusal) Unwrap() error { return r.err }

// postEvents takes a stream of events. It is answered after everything in it is committed: a client that gets no 200
// repeats the whole, which revisions make harmless.
func (s *Stage) postEvents(w http.ResponseWriter, r *http.Request) {
	feed := r.URL.Query().Get("feed")
	if feed == "" {
		feed = inventory.DefaultFeed
	}
	if err := inventory.CheckFeed(feed); err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	l := s.leading(w, r)
	if l == nil {
		return
	}
	for _, f := range s.watched {
		if f.feed == feed {
			service.Fail(w, http.StatusConflict, fmt.Errorf("feed %s is the watched file %s", feed, f.path))
			return
		}
	}
	body := service.Body(w, r, maxEvents)
	answers, err := l.ingest(r.Context(), inventory.NewLines(body), feed)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			err = &refusal{http.StatusRequestEntityTooLarge, err}
		}
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, a := range answers {
		_ = enc.Encode(a) // the client has gone: nobody to tell
	}
	_ = out.Flush()
}

// ingest reads events and commits them, a bounded stretch at a time.
func (l *lead) ingest(ctx context.Context, lines *inventory.Lines, feed string) ([]inventory.Answer, error) {
	var answers []inventory.Answer
	for end := false; !end; {
		var items []*item
		for size := 0; len(items) < chunkEvents && size < chunkBytes; {
			text, number, err := lines.Next()
			var line *inventory.LineError
			if err != nil && !errors.As(err, &line) {
				if err != io.EOF {
					return nil, &refusal{http.StatusBadRequest, fmt.Errorf("after line %d: %w", number, err)}
				}
				end = true
				break
			}
			size += len(text)
			it := &item{line: number, feed: feed}
			if err == nil {
				it.event, err = inventory.ParseEvent(text)
			} else {
				err = line.Err
			}
			if err != nil {
				it.set(inventory.Verdict{Status: inventory.Refused, Reason: err.Error()})
			}
			items = append(items, it)
		}
		if len(items) == 0 {
			break
		}
		if err := l.do(ctx, &job{items: items}); err != nil {
			return nil, err
		}
		for _, it := range items {
			answers = append(answers, it.answer)
		}
	}
	return answers, nil
}

func (s *Stage) putFeed(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if err := inventory.CheckFeed(name); err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	l := s.leading(w, r)
	if l == nil {
		return
	}
	for _, f := range s.watched {
		if f.feed == name {
			service.Fail(w, http.StatusConflict, fmt.Errorf("feed %s is the watched file %s", name, f.path))
			return
		}
	}
	text, err := io.ReadAll(service.Body(w, r, inventory.MaxList))
	if err != nil {
		service.Fail(w, http.StatusRequestEntityTooLarge, err)
		return
	}
	a, err := l.takeList(r.Context(), name, inventory.FormatOf(r.Header.Get("Content-Type"), text), text)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	service.Reply(w, http.StatusOK, a)
}

func (s *Stage) putRules(w http.ResponseWriter, r *http.Request) {
	l := s.leading(w, r)
	if l == nil {
		return
	}
	p, err := load.DecodePush(service.Body(w, r, load.MaxBody))
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	a, err := l.push(r.Context(), p, "push")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	service.Reply(w, http.StatusOK, a)
}

// release lets a held thing go: POST …/held/{id}/release with {"reason": …, "by": …}.
func (s *Stage) release(w http.ResponseWriter, r *http.Request) {
	l := s.leading(w, r)
	if l == nil {
		return
	}
	why, err := service.ReadWhy(w, r)
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	id := r.PathValue("id")
	h, err := l.free(r.Context(), id, why)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.log.Warn("released by hand", "id", id, "unit", h.Unit, "subject", h.Subject, "cause", h.Cause,
		"reason", why.Reason, "by", why.By, "from", why.From)
	if err := decision.Trim(r.Context(), s.st); err != nil {
		s.log.Warn("the log of decisions cannot be trimmed", "error", err)
	}
	service.Reply(w, http.StatusOK, map[string]any{"released": h})
}
