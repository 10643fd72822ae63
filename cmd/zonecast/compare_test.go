package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// oldServer serves records over UDP and TCP of one loopback port, transfers included.
func oldServer(t *testing.T, lines ...string) string {
	t.Helper()
	var records []dns.RR
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rr)
	}
	handle := dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
		r, q := new(dns.Msg).SetReply(m), m.Question[0]
		r.Authoritative, r.Rcode = true, dns.RcodeNameError
		for _, rr := range records {
			switch {
			case q.Qtype == dns.TypeAXFR:
				r.Rcode, r.Answer = dns.RcodeSuccess, append(r.Answer, rr)
			case rr.Header().Name == q.Name:
				if r.Rcode = dns.RcodeSuccess; rr.Header().Rrtype == q.Qtype {
					r.Answer = append(r.Answer, rr)
				}
			}
		}
		if q.Qtype == dns.TypeAXFR {
			r.Answer = append(r.Answer, records[0])
		}
		_ = w.WriteMsg(r)
	})
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
	return udp.LocalAddr().String()
}

// TestCompareTransfer: names and types that only the old server has are found by its transfer, and asked for.
func TestCompareTransfer(t *testing.T) {
	t.Parallel()
	const soa = "example. 60 SOA ns.example. h.example. 1 2 3 4 30"
	server := oldServer(t, soa, "example. 60 NS ns.example.", "ns.example. 60 A 192.0.2.1", "ns.example. 60 HINFO a b", "gone.example. 60 A 192.0.2.2",
		"gone.example. 60 TXT x", "deep.gone.example. 60 A 192.0.2.3")
	dir := t.TempDir()
	file := filepath.Join(dir, "example.zone")
	if err := os.WriteFile(file, []byte(soa+"\nexample. 60 NS ns.example.\nns.example. 60 A 192.0.2.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	exec := func(args ...string) (string, int) {
		root := newRoot()
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(args)
		err := root.ExecuteContext(t.Context())
		if exit, ok := err.(exitCode); ok {
			return out.String(), exit.code
		}
		if err != nil {
			t.Error(err)
		}
		return out.String(), 0
	}
	snap := filepath.Join(dir, "zones.snap")
	if out, code := exec("snapshot", "build", "-o", snap, file); code != 0 {
		t.Fatal(out)
	}
	args := []string{"compare", "--server", server, "--snapshot", snap, "--qps", "10000"}
	if out, code := exec(args...); code != 0 || !strings.HasSuffix(out, ": no difference\n") {
		t.Errorf("%d:\n%s", code, out)
	}
	want := "ns.example. HINFO missing: here no such type; there 60 HINFO \"a\" \"b\"\n" +
		"gone.example. A only-there: here no such name; there in its transfer\n" +
		"deep.gone.example. A only-there: here no such name; there in its transfer\n"
	if out, code := exec(append(args, "--axfr")...); code != 1 || !strings.HasPrefix(out, want) || !strings.HasSuffix(out, ": 1 missing, 2 only-there\n") {
		t.Errorf("%d:\n%s\nwant\n%s", code, out, want)
	}
	if out, code := exec(append(args, "--axfr", "--ignore", "only-there,missing")...); code != 0 || !strings.HasSuffix(out, ": no difference\n") {
		t.Errorf("%d:\n%s", code, out)
	}
}
