package localproxy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"zonecast/localproxy/answer"
	"zonecast/localproxy/releasetest"
)

// A batch, from taking the release to counting its answers, leaves nothing to the garbage collector; package listen's
// TestBatchesAllocateNothing shows the same of the sockets.
func TestSessionsAllocateNothing(t *testing.T) {
	w := releasetest.New(t)
	path := filepath.Join(t.TempDir(), "zones.snap")
	if err := os.WriteFile(path, w.Bases[releasetest.Start], 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.DNS = []string{"127.0.0.1:0"}
	s, err := NewFixed(cfg, path, host())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.loadFixed(); err != nil { // and nothing runs beside the test
		t.Fatal(err)
	}
	defer s.slot.Swap(nil)
	one := s.sessions.Session()
	defer one.Close()
	buf := make([]byte, 0, answer.MaxUDP)
	queries := [][]byte{pack(t, releasetest.Host, dns.TypeA), pack(t, "absent.example.", dns.TypeA), pack(t, "example.", dns.TypeSOA),
		pack(t, "elsewhere.test.", dns.TypeA), {1, 2, 3}}
	one.Begin()
	if reply := one.Answer(queries[0], buf, local); len(reply) < 12 || reply[3]&15 != dns.RcodeSuccess {
		t.Fatalf("no answer but %x", reply)
	}
	one.End()
	if n := testing.AllocsPerRun(100, func() {
		one.Begin()
		for _, query := range queries {
			one.Answer(query, buf, local)
		}
		one.End()
	}); n != 0 {
		t.Errorf("%v allocations for %d queries", n, len(queries))
	}
}
