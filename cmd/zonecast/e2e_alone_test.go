package main

import (
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestProxyAlone runs a second proxy that follows over HTTP. With everything else killed it answers; restarted, with
// nothing to follow, it answers again; `staleness` turns from 0 to 1 and to 2 as the thresholds are passed; and a key
// that is not the publisher's is never believed (P4, P5).
func TestProxyAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	key, err := os.ReadFile(w.path("data/publisher/key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	pipeline := w.up
	w.write("host/key.pub", string(key))
	w.write("host/zonecast.yaml", "data: data\nlocalproxy: {urls: ['http://"+w.http+"'], key_file: key.pub}\n")
	dnsAddr, httpAddr := freeAddr(t), freeAddr(t)
	start := func() *running {
		return w.launch("localproxy", "-c", "host/zonecast.yaml", "--dns", dnsAddr, "--http", httpAddr)
	}
	proxy := start()
	first := w.dns
	w.dns = dnsAddr
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.event(moveWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
	staleness := func(warn, crit string) int {
		return w.run("", "staleness", "--server", dnsAddr, "--zone", "corp.example", "--warn", warn, "--crit", crit).code
	}
	if code := staleness("10m", "20m"); code != 0 {
		t.Errorf("fresh: exit %d", code)
	}

	pipeline.kill()
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
	proxy.kill()
	proxy = start()
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
	eventually(t, "staleness warns", func() bool { return staleness("1s", "20m") == 1 })
	eventually(t, "staleness is critical", func() bool { return staleness("1s", "2s") == 2 })
	if code := proxy.stop(t); code != 0 {
		t.Errorf("Ctrl-C ends the proxy with %d", code)
	}

	// A head signed by somebody else: the old answers stay, and the log says why.
	if s := w.run("", "keygen", "-o", "host/other.key"); s.code != 0 {
		t.Fatal(s.err)
	}
	other, err := os.ReadFile(w.path("host/other.key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	w.dns = first
	w.start()
	w.event(`{"op":"put","kind":"server","id":"web1","attrs":{"hostname":"web1","ipv4":"192.0.2.30","roles":["web"]}}`)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.30")
	w.write("host2/key.pub", string(other))
	w.write("host2/zonecast.yaml", "data: data\nlocalproxy: {urls: ['http://"+w.http+"'], key_file: key.pub}\n")
	stranger := w.launch("localproxy", "-c", "host2/zonecast.yaml", "--dns", freeAddr(t), "--http", freeAddr(t))
	eventually(t, "the wrong key is told", func() bool {
		return strings.Contains(stranger.log.String(), "signature") || strings.Contains(stranger.log.String(), "verif")
	})
	if strings.Contains(stranger.log.String(), "serving release") {
		t.Errorf("it serves what it cannot verify:\n%s", stranger.log.String())
	}
}
