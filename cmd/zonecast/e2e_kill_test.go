package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// poster posts events one request after the other until it is stopped, and knows what was acknowledged.
type poster struct {
	url   string
	last  map[string]string // entity -> address of the last put that was answered with "accepted"
	maybe map[string]string // the put that was under way when the answer was lost: kept or not
	sent  int
	stop  chan struct{}
	ended chan struct{}
}

func (p *poster) run() {
	defer close(p.ended)
	client := &http.Client{Timeout: 10 * time.Second}
	for {
		select {
		case <-p.stop:
			return
		default:
		}
		p.sent++
		id := fmt.Sprintf("host%d", p.sent%40)
		addr := fmt.Sprintf("192.0.2.%d", p.sent%250+1)
		line := fmt.Sprintf(`{"op":"put","kind":"server","id":"%s","attrs":{"hostname":"%s","ipv4":"%s"}}`, id, id, addr)
		res, err := client.Post(p.url, "application/x-ndjson", strings.NewReader(line))
		if err != nil {
			p.maybe[id] = addr
			return // the process was killed
		}
		var answer struct {
			Status string `json:"status"`
		}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil {
			p.maybe[id] = addr
			return
		}
		if answer.Status == "accepted" || answer.Status == "ignored" {
			p.last[id] = addr
			delete(p.maybe, id)
		}
	}
}

// TestKillLosesNothing kills the process in the middle of events, several times: what was acknowledged is there
// after the next start, in the inventory and in DNS.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &poster{url: "http://" + w.http + "/v1/events", last: map[string]string{}, maybe: map[string]string{}}
	for range 5 {
		r := w.start()
		p.stop, p.ended = make(chan struct{}), make(chan struct{})
		go p.run()
		// The moment of the kill is random, not a synchronisation: whatever was acknowledged until then counts.
		time.Sleep(time.Duration(20+rand.IntN(400)) * time.Millisecond)
		r.kill()
		close(p.stop)
		<-p.ended
	}
	if len(p.last) == 0 {
		t.Fatal("nothing was acknowledged at all")
	}
	w.start()
	for id, want := range p.last {
		name, other := id+".corp.example.", p.maybe[id]
		eventually(t, name+" is "+want+" "+other, func() bool {
			got := w.answers(name, dns.TypeA)
			return got == want || other != "" && got == other
		})
	}
	var rows int
	for line := range strings.Lines(w.must("table", "inventory.main", "--prefix", "server/")) {
		var row struct {
			Value struct {
				Entity string `json:"entity"`
				Attrs  struct {
					IPv4 string `json:"ipv4"`
				} `json:"attrs"`
			} `json:"value"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		rows++
		id := strings.TrimPrefix(row.Value.Entity, "server/")
		if got := row.Value.Attrs.IPv4; got != p.last[id] && got != p.maybe[id] {
			t.Errorf("%s is %s after the restarts, acknowledged was %s", id, got, p.last[id])
		}
	}
	if rows < len(p.last) {
		t.Errorf("%d entities of %d", rows, len(p.last))
	}
}

// TestKillKeepsVersions: the version only grows over kills, and a zone file broken while nothing ran forgets nothing.
func TestKillKeepsVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	serial := w.serial("corp.example.")
	r.kill()
	w.write("zones/corp.example.yaml", "'': {type: NS, value: ns1.corp.example\n")
	w.write("rules/servers.yaml", strings.Replace(serversModule, "kind: server", "kind: sever", 1))
	w.start()
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	w.held("yaml-syntax", "zones/corp.example.yaml:1:")
	w.held("unknown-kind", "rules/servers.yaml:2:7")
	w.event(putWeb2) // the last good module still works
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	if now := w.serial("corp.example."); now <= serial {
		t.Errorf("serial %d after %d", now, serial)
	}
}

// serial is the SOA's, which is the release's version.
func (w *world) serial(apex string) (serial uint32) {
	w.t.Helper()
	eventually(w.t, "the SOA of "+apex, func() bool {
		reply := w.query(apex, dns.TypeSOA)
		if reply == nil || len(reply.Answer) == 0 {
			return false
		}
		serial = reply.Answer[0].(*dns.SOA).Serial
		return true
	})
	return serial
}
