package compare

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// serve runs a server on one loopback port, UDP and TCP.
func serve(t *testing.T, handle dns.HandlerFunc) Server {
	t.Helper()
	var udp net.PacketConn
	var tcp net.Listener
	for err := net.ErrClosed; err != nil; { // until a port is free over both
		if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err != nil {
			tcp.Close()
		}
	}
	for _, s := range []*dns.Server{{PacketConn: udp, Handler: handle}, {Listener: tcp, Handler: handle}} {
		go func() { _ = s.ActivateAndServe() }()
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	s := NewServer(udp.LocalAddr().String())
	s.Timeout = 200 * time.Millisecond
	return s
}

func TestServerIsAskedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := serve(t, func(w dns.ResponseWriter, m *dns.Msg) {
		r := new(dns.Msg).SetReply(m)
		rr, err := dns.NewRR(m.Question[0].Name + " 60 A 192.0.2.1")
		if err != nil {
			t.Error(err)
		}
		r.Answer = append(r.Answer, rr)
		switch {
		case m.RecursionDesired:
			t.Error("recursion is desired")
		case asked.Add(1) == 1: // lost
			return
		case strings.HasPrefix(m.Question[0].Name, "old") && m.IsEdns0() != nil:
			r = new(dns.Msg).SetRcode(m, dns.RcodeFormatError)
		case w.LocalAddr().Network() == "udp" && strings.HasPrefix(m.Question[0].Name, "large"):
			r.Truncated, r.Answer = true, nil
		}
		_ = w.WriteMsg(r)
	})
	for _, text := range []string{"lost.example.", "large.example.", "old.example."} {
		a, err := s.Ask(t.Context(), Question{name(t, text), zone.TypeA})
		if err != nil || a.String() != "60 A 192.0.2.1" {
			t.Errorf("%s: %v, %v", text, a, err)
		}
	}
	s.Addr = "127.0.0.1:1"
	if _, err := s.Ask(t.Context(), Question{name(t, "x.example."), zone.TypeA}); err == nil {
		t.Error("an answer from nobody")
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w dns.ResponseWriter, m *dns.Msg) {
		if m.Question[0].Name != "example." {
			_ = w.WriteMsg(new(dns.Msg).SetRcode(m, dns.RcodeRefused))
			return
		}
		r := new(dns.Msg).SetReply(m)
		for _, text := range []string{"example. 60 SOA ns. h. 1 1 1 1 1", "a.example. 60 A 192.0.2.1", "a.example. 60 A 192.0.2.2", "b.other. 60 A 192.0.2.3",
			"example. 60 SOA ns. h. 1 1 1 1 1"} {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Error(err)
			}
			r.Answer = append(r.Answer, rr)
		}
		_ = w.WriteMsg(r)
	})
	list, err := s.Transfer(t.Context(), name(t, "example."))
	if err != nil || len(list) != 2 || list[0].String() != "example. SOA" || list[1].String() != "a.example. A" {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := s.Transfer(t.Context(), name(t, "closed.")); err == nil {
		t.Error("a refused transfer gives names")
	}
	s.Records = 4 // one that repeats itself names few sets, and would never end
	if list, err := s.Transfer(t.Context(), name(t, "example.")); err == nil || !strings.Contains(err.Error(), "more than 4 records") {
		t.Errorf("%v, %v", list, err)
	}
}

// A transfer that is refused is said in words, with what to do.
func TestTransferRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{dns.RcodeRefused: "(REFUSED)", dns.RcodeNotAuth: "(NOTAUTH)", 14: "(rcode 14)"} {
		s := serve(t, func(w dns.ResponseWriter, m *dns.Msg) { _ = w.WriteMsg(new(dns.Msg).SetRcode(m, code)) })
		_, err := s.Transfer(t.Context(), name(t, "example."))
		if err == nil || !strings.Contains(err.Error(), s.Addr+" refused the transfer "+want) || !strings.HasSuffix(err.Error(), ": allow this host, or leave out --axfr") {
			t.Error(err)
		}
	}
}
