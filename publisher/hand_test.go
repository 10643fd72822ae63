package publisher

import (
	"io"
	"log/slog"
	"time"

	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// hand is a term that the test moves by hand, without its loop and its clock.
type hand struct {
	*term
	w *world
	f *table.Follower
}

func (w *world) byHand() *hand { return w.byHandOn(w.st) }

func (w *world) byHandOn(st store.Store) *hand {
	w.t.Helper()
	h, err := w.tryByHand(st)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func (w *world) tryByHand(st store.Store) (*hand, error) {
	w.t.Helper()
	mem, err := openMemory(w.cfg.Data)
	if err != nil {
		w.t.Fatal(err)
	}
	key, public, err := readKey(w.cfg.KeyFile)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := New(w.cfg, st, service.NewHost("hand", "", slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		w.t.Fatal(err)
	}
	h := &hand{s.term(history{st: st, stream: w.cfg.Stream, keys: w.cfg.keys(public), shelf: s.shelf}, key, mem), w, table.Follow(st, tablePresented)}
	if err := h.begin(w.t.Context()); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// step takes what is new in presented, releases it, and waits for the base that is made meanwhile, if one is.
func (h *hand) step() error {
	b, err := h.f.Next(h.w.t.Context())
	if err != nil {
		return err
	}
	h.take(h.f, b)
	return h.releaseAll()
}

func (h *hand) releaseAll() error {
	if err := h.release(h.w.t.Context(), time.Now()); err != nil {
		return err
	}
	if h.building == 0 {
		return nil
	}
	return h.shelve(h.w.t.Context(), <-h.built)
}

func (h *hand) close() {
	h.end()
	h.f.Close()
}
