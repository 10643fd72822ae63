package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const cutZone = `$ORIGIN corp.example.
$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
ns1 A 192.0.2.53
web1 A 192.0.2.10
`

// TestServedFileCut cuts a served file short under the mapping of a real proxy, while queries flow: the process stays up,
// says what happened, and answers again from the file that takes its place. A SIGBUS that nobody is prepared for would end it.
func TestServedFileCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, text := range map[string]string{"a": cutZone, "b": strings.ReplaceAll(cutZone, "192.0.2.10", "192.0.2.20")} {
		w.write(name+".zone", text)
		if code := w.launch("snapshot", "build", "-o", name+".snap", name+".zone").wait(t); code != 0 {
			t.Fatalf("build ends with %d", code)
		}
	}
	proxy := w.launch("localproxy", "--snapshot", "a.snap", "--dns", w.dns, "--http", w.http)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")

	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		client := &dns.Client{}
		query := new(dns.Msg).SetQuestion("web1.corp.example.", dns.TypeA)
		for {
			select {
			case <-stop:
				return
			default:
				_, _, _ = client.Exchange(query, w.dns) // what it says meanwhile is the proxy's own tests' matter
			}
		}
	}()
	defer func() { close(stop); <-ended }()
	if err := os.Truncate(w.path("a.snap"), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the damage is told", func() bool {
		return strings.Contains(proxy.log.String(), "the file served is damaged")
	})
	if err := os.Rename(w.path("b.snap"), w.path("a.snap")); err != nil {
		t.Fatal(err)
	}
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
	res, err := http.Get("http://" + w.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "zonecast_localproxy_map_faults_total 1\n") {
		t.Errorf("the fault is not counted (%v)", err)
	}
	select {
	case <-proxy.done:
		t.Fatal("the proxy ended")
	default:
	}
	if code := proxy.stop(t); code != 0 {
		t.Errorf("Ctrl-C ends the proxy with %d", code)
	}
}
