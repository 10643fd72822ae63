package publisher

import (
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"zonecast/internal/release"
	"zonecast/internal/service"
)

// A disk that takes nothing more is no reason to offer the bases on it no longer.
func TestFullDiskOffersWhatItHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	fill(t, w, 3)
	a.stop()
	h := service.NewHost("b", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	h.SetURL("http://192.0.2.1:5380")
	s, err := New(w.cfg, w.st, h)
	if err != nil {
		t.Fatal(err)
	}
	s.witness = &witness{path: filepath.Join(t.TempDir(), "gone", "seen.json")}
	_, public, err := readKey(w.cfg.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper{Stage: s, hist: history{st: w.st, stream: w.cfg.Stream, keys: w.cfg.keys(public), shelf: s.shelf}, lost: w.st.Session()}
	if err := k.look(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be remembered") {
		t.Errorf("look: %v", err)
	}
	if _, err := w.st.Get(t.Context(), release.OfferPath("b")); err != nil {
		t.Errorf("no offer: %v", err)
	}
}

// The term notes each head it signs: it must not wait for whoever writes the file.
func TestWitnessNotesBesideTheDisk(t *testing.T) {
	t.Parallel()
	w, err := openWitness(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.disk.Lock()
	w.note(release.Head{Epoch: 1, Version: 7})
	w.disk.Unlock()
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openWitness(filepath.Dir(w.path))
	if err != nil || again.seen().Version != 7 {
		t.Errorf("%+v, %v", again.seen(), err)
	}
}
