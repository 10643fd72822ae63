package publisher

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
)

func (p *publisher) get(t *testing.T, path, span string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if span != "" {
		r.Header.Set("Range", span)
	}
	w := httptest.NewRecorder()
	p.h.Mux.ServeHTTP(w, r)
	return w
}

func TestBaseOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 5)
	path := fmt.Sprintf("/v1/bases/%d", p.head.Base.Version)
	var whole *httptest.ResponseRecorder
	for deadline := time.Now().Add(10 * time.Second); ; w.pause() {
		if whole = a.get(t, path, ""); whole.Code == http.StatusOK || time.Now().After(deadline) {
			break
		}
	}
	if whole.Code != http.StatusOK || hash(whole.Body.Bytes()) != p.head.Base.SHA256 {
		t.Fatalf("GET %s: %d", path, whole.Code)
	}
	if tag := whole.Header().Get("ETag"); tag != `"`+p.head.Base.SHA256.String()+`"` {
		t.Errorf("ETag %s", tag)
	}
	if part := a.get(t, path, "bytes=10-19"); part.Code != http.StatusPartialContent || part.Body.String() != whole.Body.String()[10:20] {
		t.Errorf("range: %d", part.Code)
	}
	for path, code := range map[string]int{"/v1/bases/x": http.StatusBadRequest, "/v1/bases/1": http.StatusNotFound} {
		if got := a.get(t, path, ""); got.Code != code {
			t.Errorf("GET %s: %d", path, got.Code)
		}
	}
}

// A base is made in the background and the log before the third-last is trimmed; only three files stay.
func TestBasesAndTrim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Bases.Deltas, w.cfg.History = 2, History{}
	w.start("a")
	p := fill(t, w, 5)
	first := p.head
	bases := map[uint64]bool{}
	for i := 0; len(bases) < 5; i++ {
		w.commit(func(e edit) { e.put("example.", fmt.Sprintf("x%d.example.", i), "A 192.0.2.3") })
		p.synced("change")
		bases[p.head.Base.Version] = true
		if seed, _ := parseSeed(p.head.Base.Seed); p.head.Base.Version == p.head.Version {
			zones := []snapshot.Zone{{Apex: name(t, "example."), Timestamp: true}, {Apex: name(t, "example.org."), Timestamp: true}}
			if sum := w.scratch(zones, w.want, seed); sum != p.head.Base.SHA256.String() {
				t.Fatalf("base %d differs from one built from scratch", p.head.Base.Version)
			}
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; w.pause() {
		files, _ := filepath.Glob(filepath.Join(w.cfg.Data, "bases", "*.snap"))
		_, err := w.st.Get(t.Context(), release.LogPath(first.Version))
		if len(files) <= keepBases && errors.Is(err, store.ErrNotFound) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("files %v; first entry: %v", files, err)
		}
	}
	w.proxy().synced("fresh proxy")
}

// A change too large for a node of the store comes as a base of its own version.
func TestLargeDeltaIsABase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 5)
	before := p.head
	noise := rand.NewChaCha8([32]byte{})
	w.commit(func(e edit) {
		for i := range 8_000 {
			text := make([]byte, 120)
			noise.Read(text)
			e.put("example.", fmt.Sprintf("n%d.example.", i), "TXT "+hex.EncodeToString(text))
		}
	})
	p.synced("large change")
	if p.head.Version != before.Version+1 || p.head.Base.Version != p.head.Version {
		t.Errorf("version %d after %d, base %d", p.head.Version, before.Version, p.head.Base.Version)
	}
	restGoesOn(w, p)
}

// A log at its bound takes no more releases until a base lets it be trimmed; the head is signed on.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Bases.Deltas = 1
	w.commit(func(e edit) { e.zone("example.") })
	h := w.byHand()
	defer h.close()
	if err := h.step(); err != nil {
		t.Fatal(err)
	}
	var said error
	h.ready = func(err error) { said = err }
	entries := h.entries
	h.entries = make([]uint64, maxLog)
	w.commit(func(e edit) { e.put("example.", "a.example.", "A 192.0.2.1") })
	b, err := h.f.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h.take(h.f, b); h.waiting() || !errors.Is(said, errLogFull) {
		t.Errorf("a full log takes releases; ready says %v", said)
	}
	h.entries = entries
	if !h.waiting() {
		t.Error("nothing waits though the log has room")
	}
}
