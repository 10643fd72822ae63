package localproxy

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"zonecast/localproxy/answer"
	"zonecast/localproxy/listen"
	"zonecast/localproxy/live"
	"zonecast/localproxy/ratelimit"
)

func limitedSessions(t *testing.T, rate int) *sessions {
	t.Helper()
	cfg := DefaultConfig()
	cfg.RateLimit.ResponsesPerSecond = rate
	limiter, err := cfg.limiter([]netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:5300")})
	if err != nil || limiter == nil {
		t.Fatal(limiter, err)
	}
	return &sessions{slot: new(live.Slot), gate: gate(t, "loopback", "192.0.2.0/24"), limiter: limiter, began: time.Now()}
}

// count asks n times and gives how many full, truncated and missing responses came.
func count(t *testing.T, s *sessions, n int, from string, transport answer.Transport) (full, truncated, missing int) {
	t.Helper()
	one := s.Session()
	defer one.Close()
	query := edns(t, "www.example.", dns.TypeA)
	for range n {
		one.Begin()
		response := one.Answer(query, nil, listen.Client{Addr: netip.MustParseAddr(from), Transport: transport})
		one.End()
		switch {
		case response == nil:
			missing++
		case response[2]&2 != 0:
			truncated++
		default:
			full++
		}
	}
	return full, truncated, missing
}

func TestResponsesAreLimited(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		from                     string
		transport                answer.Transport
		full, truncated, missing int
	}{
		"a network":           {"192.0.2.7", answer.UDP, 10, 15, 15},
		"loopback":            {"127.0.0.1", answer.UDP, 40, 0, 0},
		"TCP":                 {"192.0.2.7", answer.TCP, 40, 0, 0},
		"outsiders' refusals": {"198.51.100.1", answer.UDP, 10, 15, 15},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := limitedSessions(t, 10)
				full, truncated, missing := count(t, s, 40, c.from, c.transport)
				if full != c.full || truncated != c.truncated || missing != c.missing {
					t.Errorf("%d full, %d truncated, %d missing", full, truncated, missing)
				}
				for name, want := range map[[2]string]int{
					{"zonecast_localproxy_rate_limited_total", "dropped"}:   missing,
					{"zonecast_localproxy_rate_limited_total", "truncated"}: truncated,
					{"zonecast_localproxy_queries_total", "A"}:              full + truncated,
				} {
					if got := sum(t, s, name[0], name[1]); got != float64(want) {
						t.Errorf("%s: %v, not %d", name, got, want)
					}
				}
				time.Sleep(time.Second)
				if full, _, _ := count(t, s, 40, c.from, c.transport); full != c.full {
					t.Errorf("%d full after a second", full)
				}
			})
		})
	}
}

func TestLoopbackListenersNeedNoLimits(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	local := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5300"), netip.MustParseAddrPort("[::1]:5300")}
	if limiter, err := cfg.limiter(local); limiter != nil || err != nil {
		t.Error(limiter, err)
	}
	cfg.RateLimit.Slip = 99
	if _, err := cfg.limiter(local); err == nil || !strings.Contains(err.Error(), "slip: 99") {
		t.Errorf("a fault that counts elsewhere passes here: %v", err)
	}
}

func TestKindsOfResponses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rcode   int
		aa      bool
		answers int
		want    ratelimit.Kind
	}{
		{dns.RcodeSuccess, true, 1, ratelimit.Answer}, {dns.RcodeSuccess, true, 256, ratelimit.Answer}, {dns.RcodeSuccess, true, 0, ratelimit.NoData},
		{dns.RcodeSuccess, false, 0, ratelimit.Referral}, {dns.RcodeNameError, true, 0, ratelimit.NotFound}, {dns.RcodeNameError, true, 1, ratelimit.NotFound},
		{dns.RcodeRefused, false, 0, ratelimit.Fault}, {dns.RcodeBadVers, false, 0, ratelimit.Fault}, {dns.RcodeServerFailure, false, 0, ratelimit.Fault},
	} {
		response := make([]byte, 12)
		if c.aa {
			response[2] = 4
		}
		response[6], response[7] = byte(c.answers>>8), byte(c.answers)
		if got := kindOf(response, answer.Outcome{Rcode: uint16(c.rcode)}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
