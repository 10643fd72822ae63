package presenter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// byHand gives what table zones has of records that were set by hand, from its two kinds of rows, which must agree.
func (r *rig) byHand() (names []string) {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, "zones")
	if err != nil {
		r.t.Fatal(err)
	}
	var notes []row.GlassNote
	if value, ok := v.Get(row.KeyGlass); ok {
		if err := json.Unmarshal(value, &notes); err != nil {
			r.t.Fatal(err)
		}
	}
	rows := 0
	for key := range v.All() {
		if strings.HasPrefix(key, row.PrefixGlass) {
			rows++
		}
	}
	if rows != len(notes) {
		r.t.Fatalf("%d rows and %d notes", rows, len(notes))
	}
	for _, n := range notes {
		names = append(names, n.Name+" "+n.Type)
	}
	return names
}

func (r *rig) set(ask GlassAsk) (a GlassAnswer) {
	r.t.Helper()
	if ask.Reason == "" {
		ask.Reason, ask.By = "INC-1", "ana"
	}
	if code := r.call("POST", "/v1/overrides", ask, &a); code != http.StatusOK {
		r.t.Fatalf("%+v: %d", ask, code)
	}
	return a
}

// A record that is set by hand stands above files and rules, over a restart and loads that touch the name, and ends by itself.
func TestSetByHand(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10")
	file := small + "db1:\n  type: A\n  value: 192.0.2.50\n  zonecast: {mode: replace}\n"
	r.push("c1", true, "example.com.yaml", file)
	r.serves("db1.example.com.", "3600 A 192.0.2.50")
	ask := GlassAsk{Name: "db1.example.com", Type: "A", Values: []string{"192.0.2.99"}, DryRun: true}
	if a := r.set(ask); len(a.After) != 1 || !a.DryRun || len(r.byHand()) != 0 {
		t.Fatalf("asked only: %+v %v", a, r.byHand())
	}
	ask.DryRun = false
	a := r.set(ask)
	p := r.serves("db1.example.com.", "60 A 192.0.2.99")
	if len(p.Claims) != 1 || !p.Claims[0].Origin.Glass() || p.Claims[0].Origin.Author != "ana" || len(p.Shadowed) != 2 {
		t.Fatalf("%+v", p)
	}
	if a.File != "zones/example.com.yaml" || a.Expires-time.Now().Unix() > 4*3600 || len(a.Before) != 1 || a.Again {
		t.Errorf("%+v", a)
	}
	r.start()
	r.serves("db1.example.com.", "60 A 192.0.2.99")
	r.push("c2", true, "example.com.yaml", strings.Replace(file, "192.0.2.50", "192.0.2.51", 1))
	r.generate("db1.example.com. A 192.0.2.11")
	r.serves("db1.example.com.", "60 A 192.0.2.99")
	if a := r.set(GlassAsk{Name: "db1.example.com.", Type: "A", Values: []string{"192.0.2.98"}}); !a.Again || len(r.byHand()) != 1 {
		t.Fatalf("%+v %v", a, r.byHand())
	}
	r.serves("db1.example.com.", "60 A 192.0.2.98")
	r.skew.Store(int64(5 * time.Hour))
	r.serves("db1.example.com.", "3600 A 192.0.2.51")
	if left := r.byHand(); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	log, err := decision.List(t.Context(), r.st, 10)
	if err != nil || len(log) != 2 || log[0].What != decision.Override || log[0].By != "ana" || log[0].Subject != "db1.example.com. A" {
		t.Errorf("%v %+v", err, log)
	}
}

// A zone with a slash in its name (RFC 2317) has records set by hand, too.
func TestSetByHandInAClasslessZone(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, `0\047128.2.0.192.in-addr.arpa.yaml`, "'': {type: NS, value: ns.example.com.}\n")
	r.set(GlassAsk{Name: "5.0/128.2.0.192.in-addr.arpa.", Type: "PTR", Values: []string{"db5.example.com."}})
	r.serves("5.0/128.2.0.192.in-addr.arpa.", "60 PTR db5.example.com.")
}

// A new name, and one that expires while nobody leads.
func TestSetByHandExpiresInAnAbsence(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	r.set(GlassAsk{Name: "new.example.com", Type: "TXT", Values: []string{`"one" "two"`}})
	r.serves("new.example.com.", `60 TXT "one" "two"`)
	r.stop()
	r.skew.Store(int64(5 * time.Hour))
	r.start()
	r.serves("new.example.com.", "")
	deadline := time.Now().Add(10 * time.Second)
	for len(r.byHand()) > 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if left := r.byHand(); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

// When the pull request is merged, what was set by hand goes, whether the file says when it ends or not; another value does not supersede it.
func TestSetByHandIsSuperseded(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	a := r.set(GlassAsk{Name: "db1.example.com", Type: "A", Values: []string{"192.0.2.99", "192.0.2.98"}})
	b := r.set(GlassAsk{Name: "db2.example.com", Type: "ANY", Mode: "mask", Scope: "name"})
	r.push("c2", true, "example.com.yaml", small+"db1:\n  type: A\n  value: 192.0.2.99\n")
	if len(r.byHand()) != 2 {
		t.Fatal("another value superseded it")
	}
	r.push("c3", true, "example.com.yaml", small+a.YAML+b.YAML)
	if left := r.byHand(); len(left) != 0 {
		t.Fatalf("left over: %v", left)
	}
	p := r.now("db1.example.com.")
	if len(p.Claims) != 1 || p.Claims[0].Origin.File != "example.com.yaml" || p.Claims[0].Origin.Reason != "INC-1" {
		t.Errorf("%+v", p)
	}
}

func TestDropByHand(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10")
	r.push("c1", true, "example.com.yaml", small)
	a := r.set(GlassAsk{Name: "db1.example.com", Type: "A", Mode: "mask"})
	r.serves("db1.example.com.", "")
	if code := r.call("DELETE", "/v1/overrides/"+a.ID, map[string]string{}, nil); code != http.StatusBadRequest {
		t.Errorf("without a reason: %d", code)
	}
	var b GlassAnswer
	if code := r.call("DELETE", "/v1/overrides/"+a.ID, why, &b); code != http.StatusOK || len(b.After) != 1 {
		t.Fatalf("%d %+v", code, b)
	}
	r.serves("db1.example.com.", "300 A 192.0.2.10")
	if code := r.call("DELETE", "/v1/overrides/"+a.ID, why, nil); code != http.StatusNotFound {
		t.Errorf("a second time: %d", code)
	}
	log, err := decision.List(t.Context(), r.st, 10)
	if err != nil || len(log) != 2 || log[0].What != decision.Drop || log[0].Reason != why["reason"] {
		t.Errorf("%v %+v", err, log)
	}
}

// What a zone file would not be let say is not let in by hand either; nothing is changed by what is refused.
func TestByHandIsChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small+"sub:\n  type: NS\n  value: ns1.example.net.\n")
	one, big := []string{"192.0.2.1"}, uint32(1<<31)
	for name, c := range map[string]struct {
		ask  GlassAsk
		code int
	}{
		"no reason":              {GlassAsk{Name: "a.example.com", Type: "A", Values: one, By: "ana", Reason: " "}, 400},
		"nobody":                 {GlassAsk{Name: "a.example.com", Type: "A", Values: one, Reason: "x"}, 400},
		"no name":                {GlassAsk{Name: "a..example.com", Type: "A", Values: one}, 400},
		"no zone":                {GlassAsk{Name: "a.example.net", Type: "A", Values: one}, 400},
		"no type":                {GlassAsk{Name: "a.example.com", Type: "NOPE", Values: one}, 400},
		"bad data":               {GlassAsk{Name: "a.example.com", Type: "A", Values: []string{"192.0.2.300"}}, 400},
		"two targets":            {GlassAsk{Name: "a.example.com", Type: "CNAME", Values: []string{"a.example.", "b.example."}}, 400},
		"CNAME at the apex":      {GlassAsk{Name: "example.com", Type: "CNAME", Values: []string{"a.example."}}, 400},
		"SOA":                    {GlassAsk{Name: "example.com", Type: "SOA", Mode: "mask"}, 400},
		"NS of the zone":         {GlassAsk{Name: "example.com", Type: "NS", Mode: "mask"}, 400},
		"everything at the apex": {GlassAsk{Name: "example.com", Type: "ANY", Mode: "mask", Scope: "name"}, 400},
		"doubled suffix":         {GlassAsk{Name: "a.example.com.example.com", Type: "A", Values: one}, 400},
		"values of a mask":       {GlassAsk{Name: "a.example.com", Type: "A", Mode: "mask", Values: one}, 400},
		"no value":               {GlassAsk{Name: "a.example.com", Type: "A"}, 400},
		"bad mode":               {GlassAsk{Name: "a.example.com", Type: "A", Values: one, Mode: "x\n  rotate: cyclic"}, 400},
		"bad scope":              {GlassAsk{Name: "a.example.com", Type: "A", Values: one, Scope: "zone"}, 400},
		"bad ttl":                {GlassAsk{Name: "a.example.com", Type: "A", Values: one, TTL: &big}, 400},
		"over":                   {GlassAsk{Name: "a.example.com", Type: "A", Values: one, Expires: "-1h"}, 400},
		"too long":               {GlassAsk{Name: "a.example.com", Type: "A", Values: one, Expires: "24h1m"}, 400},
		"no time":                {GlassAsk{Name: "a.example.com", Type: "A", Values: one, Expires: "tomorrow"}, 400},
		"below a cut":            {GlassAsk{Name: "a.sub.example.com", Type: "TXT", Values: []string{"x"}}, 409},
	} {
		if c.ask.Reason == "" && c.ask.By == "" {
			c.ask.Reason, c.ask.By = "x", "ana"
		}
		if code := r.call("POST", "/v1/overrides", c.ask, nil); code != c.code {
			t.Errorf("%s: %d, not %d", name, code, c.code)
		}
	}
	if left := r.byHand(); len(left) != 0 {
		t.Errorf("refused, and there: %v", left)
	}
	if code := r.call("POST", "/v1/overrides", map[string]any{"nmae": "x"}, nil); code != 400 {
		t.Errorf("an unknown key: %d", code)
	}
}

func TestP9ByHandIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	ask := func(i int) int {
		return r.call("POST", "/v1/overrides", GlassAsk{Name: fmt.Sprintf("h%d.example.com", i), Type: "A", Values: []string{"192.0.2.1"}, Reason: "x", By: "ana"}, nil)
	}
	for i := range maxGlass {
		if code := ask(i); code != 200 {
			t.Fatal(i, code)
		}
	}
	if code := ask(maxGlass); code != http.StatusConflict {
		t.Errorf("one more: %d", code)
	}
	if code := ask(3); code != 200 {
		t.Errorf("one again: %d", code)
	}
}

// A clock that was put back does not make a record set by hand outlast its end beside one of a file.
func TestTheClockGoesBackBesideOneByHand(t *testing.T) {
	t.Parallel()
	began, key := newRig(t, nil).s.newTerm(), "www.example.com."
	began.at = time.Unix(1000, 0)
	began.human[key] = row.EncodeHuman([]row.HumanRecord{{Zone: name(t, "example.com."), Set: zone.RRset{Type: zone.TypeA}, Expires: 1500}})
	began.glass.byName[key] = []row.HumanRecord{{Zone: name(t, "example.com."), Set: zone.RRset{Type: zone.TypeA}, File: row.GlassFile + "1", Expires: 1100}}
	began.wentBack(2000)
	if began.expires[key] != 1100 {
		t.Fatal(began.expires)
	}
}
