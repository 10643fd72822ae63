package presenter

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The metric follows what is there: made, matched by what is generated, soon over, over, by hand, gone.
func TestOverridesAreCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10", "db2.example.com. A 192.0.2.20")
	counts := func(want ...float64) { // in the order of tallyStates
		t.Helper()
		var text string
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			w := httptest.NewRecorder()
			r.host.Mux.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/metrics", nil))
			text = w.Body.String()
			same := true
			for i, s := range tallyStates {
				same = same && strings.Contains(text, fmt.Sprintf("zonecast_presenter_overrides{state=%q} %v\n", s, want[i]))
			}
			if same {
				return
			}
		}
		t.Fatalf("not %v of %v:\n%s", want, tallyStates, text[strings.Index(text, "zonecast_presenter_overrides{"):][:400])
	}
	until := time.Now().Add(36 * time.Hour).UTC().Format(time.RFC3339)
	file := small + "db1:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace}\ndb2:\n  type: A\n  zonecast: {mode: mask, expires: " + until + "}\nold:\n  type: A\n  value: 192.0.2.1\n  zonecast: {expires: 2020-01-01}\n"
	r.push("c1", true, "example.com.yaml", file)
	counts(2, 0, 1, 0, 0)
	r.generate("db1.example.com. A 192.0.2.99")
	counts(2, 0, 1, 1, 0)
	r.skew.Store(int64(20 * time.Hour))
	counts(2, 1, 1, 1, 0)
	r.set(GlassAsk{Name: "new.example.com", Type: "A", Values: []string{"192.0.2.1"}})
	counts(3, 2, 1, 2, 1)
	r.skew.Store(int64(40 * time.Hour))
	counts(1, 0, 2, 1, 0)
	r.start()
	counts(1, 0, 2, 1, 0)
	r.push("c2", true, "example.com.yaml", small)
	counts(0, 0, 0, 0, 0)
}
