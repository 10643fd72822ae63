package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const (
	putWeb1    = `{"op":"put","kind":"server","id":"web1","attrs":{"hostname":"web1","ipv4":"192.0.2.10","roles":["web"]}}`
	putWeb2    = `{"op":"put","kind":"server","id":"web2","attrs":{"hostname":"web2","ipv4":"192.0.2.11","roles":["web"]}}`
	moveWeb1   = `{"op":"put","kind":"server","id":"web1","attrs":{"hostname":"web1","ipv4":"192.0.2.20","roles":["web"]}}`
	deleteWeb1 = `{"op":"delete","kind":"server","id":"web1"}`
)

// TestUpEventsShow puts, changes and deletes an entity; each shows in DNS, forward, reverse and in its pool.
func TestUpEventsShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	up := w.start()
	w.serves("web1.corp.example.", dns.TypeA, "NXDOMAIN")

	w.event(putWeb1, putWeb2)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.serves("10.2.0.192.in-addr.arpa.", dns.TypePTR, "web1.corp.example.")
	w.serves("web.corp.example.", dns.TypeA, "192.0.2.10 192.0.2.11")

	w.event(moveWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.20")
	w.serves("20.2.0.192.in-addr.arpa.", dns.TypePTR, "web1.corp.example.")
	w.serves("10.2.0.192.in-addr.arpa.", dns.TypePTR, "NXDOMAIN")

	w.event(deleteWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "NXDOMAIN")
	w.serves("web.corp.example.", dns.TypeA, "192.0.2.11")

	if code := up.stop(t); code != 0 {
		t.Errorf("Ctrl-C ends it with %d", code)
	}
}

// TestUpOverridesShow has people replace, merge, mask and shadow what rules give; taking the override away brings it back.
func TestUpOverridesShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1, putWeb2)
	w.serves("web.corp.example.", dns.TypeA, "192.0.2.10 192.0.2.11")
	edit := func(records string) { w.write("zones/corp.example.yaml", corpZone+records) }

	edit("web1: {type: A, value: 192.0.2.99, zonecast: {mode: replace, reason: INC-4711}}\n")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")
	edit("web: {type: A, value: 192.0.2.77, zonecast: {mode: merge}}\n")
	w.serves("web.corp.example.", dns.TypeA, "192.0.2.10 192.0.2.11 192.0.2.77")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	edit("web1: {zonecast: {mode: mask, scope: name}}\n")
	w.serves("web1.corp.example.", dns.TypeA, "NXDOMAIN")
	edit("web1: {type: CNAME, value: web2.corp.example.}\n")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.11 web2.corp.example.")
	contains(t, w.must("conflicts"), "web1.corp.example.", "served: CNAME web2.corp.example., from zones/corp.example.yaml:3:1", "lost:   A 192.0.2.10, from module servers, entity server/web1")
	edit("")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	eventually(t, "the conflict is over", func() bool { return w.must("conflicts") == "no conflicts\n" })
}

// TestUpPastMask has a mask whose end is past: it is not in force, and the record stays.
func TestUpPastMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("zones/corp.example.yaml", corpZone+`web1: {type: A, zonecast: {mode: mask, expires: 2020-01-01}}
web2: {type: A, zonecast: {mode: mask, expires: 2120-01-01T10:00:00Z}}
`)
	w.start()
	w.event(putWeb1, putWeb2)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.serves("11.2.0.192.in-addr.arpa.", dns.TypePTR, "web2.corp.example.")
	w.serves("web2.corp.example.", dns.TypeA, "NXDOMAIN")
	contains(t, w.must("explain", "web1.corp.example"), "served\n", "module servers, entity server/web1")
	contains(t, w.must("explain", "web2.corp.example"), "masked", "until 2120-01-01T10:00:00Z")
}

// TestUpLateMask has a mask end while the pipeline runs: the generated record comes back by itself.
func TestUpLateMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.write("zones/corp.example.yaml", corpZone+fmt.Sprintf("web1: {type: A, zonecast: {mode: mask, expires: %s}}\n", time.Now().Add(8*time.Second).UTC().Format(time.RFC3339)))
	w.serves("web1.corp.example.", dns.TypeA, "NXDOMAIN")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
}
