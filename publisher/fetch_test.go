package publisher

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// TestStandbyFetchesItsFirstBase has a standby start with an empty folder: it cannot make the base, takes it from whoever
// has the one meant, and offers it itself.
func TestStandbyFetchesItsFirstBase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 5)
	base := p.head.Base
	offer := func(instance string, h http.Handler) {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		data, err := json.Marshal(release.Offer{Instance: instance, URL: server.URL, Versions: []uint64{base.Version}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.st.Multi(t.Context(), store.CreateEphemeral(release.OfferPath(instance), data)); err != nil {
			t.Fatal(err)
		}
	}
	good := a.get(t, fmt.Sprintf("/v1/bases/%d", base.Version), "").Body.Bytes()
	if hash(good) != base.SHA256 {
		t.Fatal("the leader does not serve its base")
	}
	for name, bad := range map[string][]byte{"a1": good[:len(good)/2], "a2": append([]byte("x"), good[1:]...), "a3": append(good[:len(good):len(good)], 'x')} {
		offer(name, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bad) }))
	}
	offer("a4", http.NotFoundHandler())
	offer("good", a.h.Mux)

	cfg := w.cfg
	cfg.Data = filepath.Join(t.TempDir(), "standby")
	w.startWith("b", cfg)
	for deadline := time.Now().Add(15 * time.Second); !offers(w, "b", base.Version); w.pause() {
		if time.Now().After(deadline) {
			t.Fatal("the standby does not offer the base")
		}
	}
	files, err := os.ReadDir(filepath.Join(cfg.Data, "bases"))
	if err != nil || len(files) != 1 {
		t.Fatalf("its folder holds %v: %v", files, err)
	}
	got, err := os.ReadFile(filepath.Join(cfg.Data, "bases", files[0].Name()))
	if err != nil || hash(got) != base.SHA256 {
		t.Errorf("%s is not the base: %v", files[0].Name(), err)
	}
}
