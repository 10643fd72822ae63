package presenter

import (
	"context"
	"errors"
	"net/http"

	"zonecast/internal/checkout"
	"zonecast/internal/decision"
	"zonecast/internal/leader"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/table"
)

func (s *Stage) mount(h *service.Host) {
	h.Mux.HandleFunc("PUT /v1/zones", h.Guard(s.putZones))
	h.Mux.HandleFunc("POST /v1/zones/plan", h.Question(s.postPlan))
	h.Mux.HandleFunc("POST /v1/overrides", h.Guard(s.postOverride))
	h.Mux.HandleFunc("DELETE /v1/overrides/{id}", h.Guard(s.dropOverride))
	h.Mux.HandleFunc("POST /v1/stages/"+owner+"/held/{id}/release", h.Guard(s.postRelease))
}

// leading gives the term under way, or answers 503 with the leader's address.
func (s *Stage) leading(w http.ResponseWriter, r *http.Request) *term {
	if t := s.term.Load(); t != nil {
		return t
	}
	leader.Elsewhere(w, r, s.st, s.host, owner, "does not lead here")
	return nil
}

// do runs a job in the loop and waits for its commit. Jobs wait their turn at the loop's door, so there is no queue
// that could grow beyond the connections.
func (t *term) do(ctx context.Context, run func() error) error { return t.send(ctx, &job{run: run}) }

// look runs in the loop and only reads.
func (t *term) look(ctx context.Context, run func() error) error {
	return t.send(ctx, &job{run: run, look: true})
}

func (t *term) send(ctx context.Context, j *job) error {
	j.done = make(chan error, 1)
	select {
	case t.jobs <- j:
	case <-t.ended:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.done:
		return err
	case <-t.ended:
		select {
		case err := <-j.done:
			return err
		default:
			return errEnded
		}
	}
}

// fail answers a job's error. When it is the end of the term nothing has been done, and the client may go where
// somebody leads.
func (s *Stage) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusServiceUnavailable
	var refused *refusal
	switch {
	case errors.Is(err, errEnded), errors.Is(err, table.ErrFenced):
		leader.Elsewhere(w, r, s.st, s.host, owner, "leads here no more")
		return
	case errors.As(err, &refused):
		status = refused.status
	}
	service.Fail(w, status, err)
}

func (s *Stage) putZones(w http.ResponseWriter, r *http.Request) {
	t := s.leading(w, r)
	if t == nil {
		return
	}
	p, err := load.DecodePush(service.Body(w, r, load.MaxBody))
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	a, err := t.submit(r.Context(), p, "push")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	service.Reply(w, http.StatusOK, a)
}

// submit brings a push into the loop.
func (t *term) submit(ctx context.Context, p checkout.Push, by string) (a load.Answer, err error) {
	o, err := t.review(ctx, p)
	if err != nil {
		return a, err
	}
	err = t.do(ctx, func() (err error) {
		a, err = t.push(p, by, o)
		return err
	})
	return a, err
}

// postRelease lets a held thing go: {"reason": …, "by": …}.
func (s *Stage) postRelease(w http.ResponseWriter, r *http.Request) {
	t := s.leading(w, r)
	if t == nil {
		return
	}
	why, err := service.ReadWhy(w, r)
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	var h row.Held
	id := r.PathValue("id")
	err = t.do(r.Context(), func() (err error) {
		if h, err = t.release(id); err == nil {
			t.tx.held.Also(decision.Op(decision.Of(h, why)))
		}
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.log.Warn("released by hand", "id", id, "unit", h.Unit, "subject", h.Subject, "cause", h.Cause, "reason", why.Reason, "by", why.By, "from", why.From)
	if err := decision.Trim(r.Context(), s.st); err != nil {
		s.log.Warn("the log of decisions cannot be trimmed", "error", err)
	}
	service.Reply(w, http.StatusOK, map[string]any{"released": h})
}
