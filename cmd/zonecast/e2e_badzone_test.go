package main

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const goodNS = "'': {type: NS, value: ns1.corp.example.}\n"

// badZones has zone files that are wrong in one thing each, the place of the fault and the check that finds it.
var badZones = []struct{ name, text, place, check string }{
	{"duplicate key", goodNS + "www: {type: A, value: 192.0.2.1}\nwww: {type: A, value: 192.0.2.2}\n", "3:1", "duplicate-key"},
	{"unknown key", goodNS + "www: {type: A, value: 192.0.2.1, colour: red}\n", "2:34", "unknown-key"},
	{"tab", goodNS + "www:\n\ttype: A\n", "3:1", "tab"},
	{"BOM", "\xef\xbb\xbf" + goodNS, "1:1", "bom"},
	{"alias in itself", goodNS + "a: &a [*a]\n", "2:4", "yaml-alias"},
	{"no as a name", goodNS + "no: {type: A, value: 192.0.2.1}\n", "2:1", "quote-name"},
	{"ttl 010", goodNS + "www: {type: A, ttl: 010, value: 192.0.2.1}\n", "2:21", "bad-ttl"},
	{"label of 64 octets", goodNS + strings.Repeat("x", 64) + ": {type: A, value: 192.0.2.1}\n", "2:1", "label-too-long"},
	{"no final dot", goodNS + "www: {type: CNAME, value: web.corp.example}\n", "2:27", "missing-dot"},
	{"TXT without quotes", goodNS + `www: {type: TXT, value: '"one" two'}` + "\n", "2:25", "txt-chunks"},
	{"bad address", goodNS + "www: {type: A, value: 192.0.2.300}\n", "2:23", "bad-address"},
	{"unknown type", goodNS + "www: {type: WKS, value: x}\n", "2:13", "bad-type"},
	{"zero bytes", "", "1:1", "empty-file"},
}

// TestBadZoneCheck: check names file, line, column and check of each, all in one run, and ends with 1.
func TestBadZoneCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wants []string
	for i, bad := range badZones {
		file := "zones/z" + string(rune('a'+i)) + ".example.yaml"
		w.write(file, bad.text)
		wants = append(wants, file+":"+bad.place+": ", "["+bad.check+"]")
	}
	s := w.run("", "check", "--zones", "zones", "--rules", "rules")
	if s.code != 1 {
		t.Errorf("exit %d, not 1\n%s", s.code, s.err)
	}
	contains(t, s.out, wants...)
	for i, bad := range badZones { // each problem has both on one line
		file := "zones/z" + string(rune('a'+i)) + ".example.yaml"
		found := false
		for line := range strings.Lines(s.out) {
			found = found || strings.HasPrefix(line, file+":"+bad.place+": ") && strings.Contains(line, "["+bad.check+"]")
		}
		if !found {
			t.Errorf("%s: no line %s:%s with [%s]", bad.name, file, bad.place, bad.check)
		}
	}
}

// TestBadZoneHeld saves each over a good zone while the pipeline runs: held with file:line:column, the last good
// served; mended, nothing is held.
func TestBadZoneHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	for _, bad := range badZones {
		if bad.text == "" {
			continue // emptied, not broken: see TestHeldZoneEmptied
		}
		w.write("zones/corp.example.yaml", bad.text)
		_, shown := w.held(bad.check, "zones/corp.example.yaml:"+bad.place+": ")
		contains(t, shown, "It goes away when its cause is mended")
		if got := w.answers("ns1.corp.example.", dns.TypeA); got != "192.0.2.53" {
			t.Errorf("%s: %s is served", bad.name, got)
		}
	}
	w.write("zones/corp.example.yaml", corpZone+"www: {type: A, value: 192.0.2.80}\n")
	w.serves("www.corp.example.", dns.TypeA, "192.0.2.80")
	w.nothingHeld()
}
