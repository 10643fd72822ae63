package main

import (
	"strings"
	"testing"
)

// TestProxiesShow lists the proxy of `up`, and what is left of one that is gone.
func TestProxiesShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	up := w.start("--instance", "host-a")
	eventually(t, "the proxy reports", func() bool { return strings.Contains(w.must("proxies"), "host-a") })
	contains(t, w.must("proxies", "--all"), "1 proxy: 1 alive, 0 gone", "version ", "127.0.0.1:", "build ")
	contains(t, w.must("proxies", "--json"), `"alive": 1`, `"id": "host-a"`, `"lag_after": 60`)
	if s := w.ask("proxies", "forget", "host-a"); s.code != 1 || !strings.Contains(s.err, "alive") {
		t.Errorf("forget one that is alive: exit %d: %s", s.code, s.err)
	}
	if code := up.stop(t); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	w.start("--instance", "host-b")
	eventually(t, "the old one is gone", func() bool {
		return strings.Contains(w.must("proxies", "--gone"), "host-a") && strings.Contains(w.must("proxies"), "1 alive, 1 gone")
	})
	contains(t, w.must("proxies", "--gone"), "gone, last seen ")
	contains(t, w.must("proxies", "forget", "host-a"), "host-a is forgotten")
	if s := w.ask("proxies", "forget", "nobody"); s.code != 1 || !strings.Contains(s.err, `no proxy "nobody" is known`) {
		t.Errorf("forget nobody: exit %d: %s", s.code, s.err)
	}
}
