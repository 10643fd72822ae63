package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"zonecast/internal/fleet"
	"zonecast/internal/store"
)

func TestProxies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"web1", "web2"} {
		if err := fleet.NewStoreSender(w.st, id).Send(t.Context(), fleet.Report{ID: id, State: fleet.Fresh, Version: 7}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.st.Multi(t.Context(), store.Create(fleet.Node("web3"), []byte(`{"state":"stale"}`))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/v1/proxies": 0, "/v1/proxies?all": 3, "/v1/proxies?gone": 1, "/v1/proxies?lagging": 0, "/v1/proxies?gone&lagging&lag=5m": 1} {
		code, body := w.get(path)
		var p Proxies
		if err := json.Unmarshal([]byte(body), &p); err != nil || code != http.StatusOK || len(p.List) != want || p.Known != 3 || p.Alive != 2 || p.Gone != 1 || p.States[fleet.Fresh] != 2 {
			t.Errorf("%s: %d %s, %v", path, code, body, err)
		}
	}
	for _, lag := range []string{"x", "-1s", "1000000h"} {
		if code, body := w.get("/v1/proxies?lag=" + lag); code != http.StatusBadRequest {
			t.Errorf("lag=%s: %d %s", lag, code, body)
		}
	}
	var s struct{ Proxies fleet.Summary }
	if code, body := w.get("/v1/status"); code != http.StatusOK || json.Unmarshal([]byte(body), &s) != nil || s.Proxies.Known != 3 {
		t.Errorf("status: %d %s", code, body)
	}
}
