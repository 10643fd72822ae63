package zonecast

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

// TestClusterRestarts kills each process in turn, and ZooKeeper under all of them. What is accepted meanwhile shows
// once the process is back, nothing accepted is lost, and nobody needs to do anything.
func TestClusterRestarts(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Single(t, zktest.Options{}), "").watched().startAll()
	hosts := 0
	accept := func() {
		t.Helper()
		hosts++
		d.event("rules", fmt.Sprintf(`{"op":"put","kind":"server","id":"h%d","rev":1,"attrs":{"hostname":"h%[1]d","ipv4":"192.0.2.%[1]d"}}`, hosts))
	}
	show := func() {
		t.Helper()
		for i := 1; i <= hosts; i++ {
			d.serves(fmt.Sprintf("h%d.prod.example.", i), dns.TypeA, fmt.Sprintf("192.0.2.%d", i))
		}
	}
	accept()
	show()
	for _, stage := range stageNames {
		d.up[stage].kill()
		if stage != "rules" {
			accept()
		}
		d.start(stage)
		accept()
		show()
	}

	d.zk.Stop()
	if got := answers(d.dns, "h1.prod.example.", dns.TypeA); got != "192.0.2.1" {
		t.Errorf("without ZooKeeper h1 is %s", got)
	}
	if err := d.zk.Start(); err != nil {
		t.Fatal(err)
	}
	accept()
	show()
	for _, stage := range stageNames {
		if d.up[stage].ended() {
			t.Errorf("%s ended", stage)
		}
	}
}
