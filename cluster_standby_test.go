package zonecast

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

// refusal posts an event and gives the answer of a process that does not take it.
func (d *deployment) refusal(process string) (status int, answer struct{ Error, Leader string }) {
	d.t.Helper()
	res, err := http.Post("http://"+d.http[process]+"/v1/events", "application/x-ndjson", strings.NewReader(putWeb1))
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// TestEventElsewhere posts events to processes that do not run the rules stage: they say who does, and commands go there.
func TestEventElsewhere(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Shared(t), "").watched()
	d.start("presenter")
	d.ready("presenter")
	if status, a := d.refusal("presenter"); status != 503 || a.Error != "rules.main does not run in this process, and nowhere else now" || a.Leader != "" {
		t.Errorf("without rules: %d %+v", status, a)
	}
	for _, stage := range []string{"rules", "publisher", "localproxy"} {
		d.start(stage)
	}
	leader := "http://" + d.http["rules"]
	d.ready("rules")
	for _, stage := range []string{"presenter", "publisher", "localproxy"} {
		d.ready(stage)
		if status, a := d.refusal(stage); status != 503 || a.Error != "rules.main does not run in this process, but at "+leader || a.Leader != leader {
			t.Errorf("%s: %d %+v", stage, status, a)
		}
	}
	contains(t, d.must("localproxy", "event", putWeb1), `"accepted"`)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")

	// What is held can be let go from anywhere as well: first the file that is gone, then the zone.
	d.serves("2.0.192.in-addr.arpa.", dns.TypeNS, "ns1.prod.example.")
	if err := os.Remove(d.path("zones/2.0.192.in-addr.arpa.yaml")); err != nil {
		t.Fatal(err)
	}
	d.heldEverywhere("2.0.192.in-addr.arpa")
	eventually(t, "the zone is gone", func() bool {
		for _, line := range strings.Split(d.must("publisher", "held"), "\n") {
			if id, _, _ := strings.Cut(line, "  "); strings.Contains(line, " zone 2.0.192.in-addr.arpa. ") {
				contains(t, d.must("rules", "held", "release", id, "--reason", "retired"), "released "+id)
			}
		}
		return answers(d.dns, "2.0.192.in-addr.arpa.", dns.TypeNS) == "REFUSED"
	})
}

// TestStandby has a second rules process wait: it points to the leader, and takes over when that is killed.
func TestStandby(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Shared(t), "").watched().startAll()
	d.http["standby"] = freeUDP(t)
	d.up["standby"] = launch(t, d.dir, "rules", "-c", "zonecast.yaml", "--instance", "two", "--data", "data-standby", "--http", d.http["standby"])
	d.ready("standby")
	leader := "http://" + d.http["rules"]
	if status, a := d.refusal("standby"); status != 503 || a.Error != "rules.main does not lead here, but at "+leader || a.Leader != leader {
		t.Errorf("the standby: %d %+v", status, a)
	}
	contains(t, d.must("standby", "event", putWeb1), `"accepted"`)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")

	d.up["rules"].kill()
	d.event("standby", moveWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.20")
}
