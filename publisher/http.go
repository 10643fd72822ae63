package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/leader"
	"zonecast/internal/service"
	"zonecast/internal/table"
)

// Bounds of a request: its JSON, what of a reason is written to the log of releases, and how long it may wait for a release.
const (
	maxBody   = 64 << 10
	maxReason = 500
	askTime   = 5 * time.Minute
)

// request is the body of every POST.
type request struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
	To     uint64 `json:"to"` // rollback: the version

	from string // the address it came from
}

// entry of the log of decisions.
func (in request) entry(what string) *decision.Entry {
	return &decision.Entry{At: time.Now().Unix(), Stage: owner, What: what, By: in.By, From: in.from, Reason: in.Reason}
}

func (s *Stage) mount(h *service.Host) {
	h.Mux.HandleFunc("GET /v1/bases/{version}", s.files.serve)
	h.Mux.HandleFunc("GET /v1/gates", h.Question(s.getGates))
	h.Mux.HandleFunc("POST /v1/stages/"+owner+"/held/{id}/release", h.Guard(func(w http.ResponseWriter, r *http.Request) {
		if in, ok := readRequest(w, r); ok {
			id := r.PathValue("id")
			s.ask(w, r, func(t *term) (func() error, error) { return t.letGo(id, in) })
		}
	}))
	h.Mux.HandleFunc("POST /v1/epoch", h.Guard(func(w http.ResponseWriter, r *http.Request) {
		if in, ok := readRequest(w, r); ok {
			s.ask(w, r, func(t *term) (func() error, error) { return t.orderEpoch(in) })
		}
	}))
	h.Mux.HandleFunc("POST /v1/rollback", h.Guard(func(w http.ResponseWriter, r *http.Request) {
		if in, ok := readRequest(w, r); ok {
			s.ask(w, r, func(t *term) (func() error, error) { return t.orderRollback(r.Context(), in) })
		}
	}))
	h.Mux.HandleFunc("POST /v1/resume", h.Guard(func(w http.ResponseWriter, r *http.Request) {
		if in, ok := readRequest(w, r); ok {
			s.ask(w, r, func(t *term) (func() error, error) { return t.orderResume(in) })
		}
	}))
}

// readRequest reads a body. A reason is needed; it and who gives it are one line each.
func readRequest(w http.ResponseWriter, r *http.Request) (in request, ok bool) {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(&in)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		service.Fail(w, http.StatusBadRequest, fmt.Errorf("body: %w", err))
	case strings.TrimSpace(in.Reason) == "":
		service.Fail(w, http.StatusBadRequest, errors.New(`"reason" is needed: it is kept in the log of decisions`))
	case len(in.Reason) > maxReason || len(in.By) > maxReason:
		service.Fail(w, http.StatusBadRequest, fmt.Errorf(`"reason" and "by" may be %d octets long`, maxReason))
	default:
		in.Reason, in.By, in.from = service.OneLine(in.Reason), service.OneLine(in.By), service.From(r)
		return in, true
	}
	return in, false
}

// ask hands a request to the term and answers when it is durable.
func (s *Stage) ask(w http.ResponseWriter, r *http.Request, do func(t *term) (func() error, error)) {
	s.askFor(w, r, do, func() {
		service.Reply(w, http.StatusOK, map[string]string{"status": "done"})
		s.trimDecisions(r.Context())
	})
}

// askFor is ask with another answer to what was done.
func (s *Stage) askFor(w http.ResponseWriter, r *http.Request, do func(t *term) (func() error, error), done func()) {
	t := s.leading.Load()
	if t == nil {
		s.standby(w, r)
		return
	}
	late := time.NewTimer(askTime)
	defer late.Stop()
	a := ask{do: do, done: make(chan error, 1)}
	select {
	case t.asks <- a:
	case <-t.ended:
		s.standby(w, r)
		return
	case <-r.Context().Done():
		return
	case <-late.C:
		service.Fail(w, http.StatusServiceUnavailable, errors.New("the publisher is busy or starting; ask again"))
		return
	}
	select {
	case err := <-a.done:
		s.answer(w, r, err, done)
	case <-t.ended:
		select {
		case err := <-a.done:
			s.answer(w, r, err, done)
		default:
			s.answer(w, r, errNotLeader, done)
		}
	case <-r.Context().Done():
	case <-late.C:
		service.Fail(w, http.StatusServiceUnavailable, errors.New("no release was possible in time; it may still come"))
	}
}

func (s *Stage) trimDecisions(ctx context.Context) {
	if err := decision.Trim(ctx, s.st); err != nil {
		s.h.Log.Warn("the log of decisions cannot be trimmed", "stage", owner, "error", err)
	}
}

// answer says what became of a request. When it is the end of the term nothing has been done, and the client may go
// where somebody leads.
func (s *Stage) answer(w http.ResponseWriter, r *http.Request, err error, done func()) {
	switch {
	case err == nil:
		done()
	case errors.Is(err, errNotLeader), errors.Is(err, table.ErrFenced):
		leader.Elsewhere(w, r, s.st, s.h, owner, "leads here no more")
	case errors.Is(err, errNotFound):
		service.Fail(w, http.StatusNotFound, err)
	case errors.Is(err, errConflict):
		service.Fail(w, http.StatusConflict, err)
	default:
		service.Fail(w, http.StatusServiceUnavailable, err)
	}
}

func (s *Stage) standby(w http.ResponseWriter, r *http.Request) {
	leader.Elsewhere(w, r, s.st, s.h, owner, "does not lead here")
}
