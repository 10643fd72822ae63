package leader

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/service"
	"zonecast/internal/store/embedded"
)

func TestElsewhereNamesTheLeader(t *testing.T) {
	t.Parallel()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	h := service.NewHost("one", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	h.SetURL("http://127.0.0.1:1")
	ask := func() string {
		w := httptest.NewRecorder()
		Elsewhere(w, httptest.NewRequest("POST", "/", nil), st, h, "presenter", "does not lead here")
		if w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Fatalf("code %d", w.Code)
		}
		return w.Body.String()
	}
	if got := ask(); !strings.Contains(got, "nowhere else now") || !strings.Contains(got, `"leader":""`) {
		t.Error(got)
	}
	for _, other := range []Info{{"two", "http://127.0.0.1:1"}, {"one", "http://127.0.0.1:2"}} {
		self, _, err := stand(t.Context(), st, "presenter", other)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(); !strings.Contains(got, "but at "+other.URL) {
			t.Error(got)
		}
		resign(t.Context(), st, "presenter", self)
	}
}
