package zonecast

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

// TestRemoteProxy has a proxy on a host that does not reach the store: it follows over HTTP, from whichever process
// of the pipeline answers.
func TestRemoteProxy(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Shared(t), "").watched()
	d.write("proxy.yaml", fmt.Sprintf(`
localproxy:
  key_file: key.pub
  urls: ['http://%s', 'http://%s']
`, d.http["presenter"], d.http["publisher"]))
	follow := func() {
		d.up["localproxy"] = launch(t, d.dir, "localproxy", "-c", "proxy.yaml", "--data", "data-localproxy", "--http", d.http["localproxy"], "--dns", d.dns)
	}
	follow() // before there is anything to follow
	for _, stage := range []string{"rules", "presenter", "publisher"} {
		d.start(stage)
	}
	d.event("rules", putWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
	d.ready("localproxy")
	eventually(t, "it reports through the pipeline", func() bool {
		return strings.Contains(d.must("publisher", "proxies", "--json"), `"via": "one"`)
	})

	// One of the two is enough, whichever it is.
	d.up["presenter"].kill()
	d.start("presenter")
	d.event("rules", moveWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.20")
	d.http["publisher"] = freeUDP(t) // where the proxy does not look
	d.up["publisher"].kill()
	d.start("publisher")
	d.event("rules", putWeb2)
	d.serves("web2.prod.example.", dns.TypeA, "192.0.2.11")

	// A second proxy without anything on its disk takes the base and the deltas after it.
	d.dns = freeUDP(t)
	launch(t, d.dir, "localproxy", "-c", "proxy.yaml", "--data", "data-second", "--http", freeUDP(t), "--dns", d.dns)
	d.serves("web2.prod.example.", dns.TypeA, "192.0.2.11")

	// It has no store to answer from, and says whom to ask.
	if s := d.ask("localproxy", "explain", "web1.prod.example"); s.code != 1 {
		t.Errorf("explain: exit %d: %s", s.code, s.out)
	} else {
		contains(t, s.err, "this proxy has no store", d.http["presenter"])
	}
}
