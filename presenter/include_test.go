package presenter

import (
	"strings"
	"testing"

	"zonecast/internal/load"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// Zones that include one file: its changes reach all of them, and while one of them cannot be read with it, that one alone stays as it was, however often
// other things are loaded.
func TestIncludedFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	com, net := small+"www: !include common/www.yaml\n", strings.ReplaceAll(small, "example.com", "example.net")+"web: !include common/www.yaml\n"
	www := func(addr string) string { return "- type: A\n  value: " + addr + "\n" }
	push := func(commit, common, com, net string) load.Answer {
		return r.push(commit, true, "common/www.yaml", common, "example.com.yaml", com, "example.net.yaml", net)
	}
	if a := push("c1", www("192.0.2.1"), com, net); len(a.Problems) > 0 || len(r.held()) > 0 {
		t.Fatalf("%+v", a)
	}
	r.serves("www.example.com.", "3600 A 192.0.2.1")
	p := r.serves("web.example.net.", "3600 A 192.0.2.1")
	if o := p.Claims[0].Origin; o.File != "common/www.yaml" {
		t.Fatalf("provenance %+v", o)
	}
	push("c2", www("192.0.2.2"), com, net)
	r.serves("www.example.com.", "3600 A 192.0.2.2")
	r.serves("web.example.net.", "3600 A 192.0.2.2")

	// A CNAME stands alone: beside the TXT of one of the zones it cannot.
	alone := "- type: CNAME\n  value: x.example.org.\n"
	push("c3", www("192.0.2.2"), com, net+"txt: {type: TXT, value: a}\n")
	broken := net + "txt: {type: TXT, value: a}\nx: !include common/www.yaml\n" + "y: {type: CNAME, value: z.example.org.}\n"
	push("c4", alone, com, strings.Replace(broken, "web: !include common/www.yaml\n", "web: [{type: TXT, value: a}]\n", 1))
	r.serves("www.example.com.", "3600 CNAME x.example.org.")
	bad := strings.Replace(broken, "web: !include common/www.yaml\n", "web: {type: TXT, value: a, ttl: x}\n", 1)
	for i, com := range []string{com, com + "n1: {type: A, value: 192.0.2.9}\n", com} {
		a := push("c5"+string(rune('a'+i)), www("192.0.2.3"), com, bad)
		if len(a.Problems) != 1 || a.HeldID == "" {
			t.Fatalf("%d: %+v", i, a)
		}
	}
	r.serves("www.example.com.", "3600 A 192.0.2.3")
	r.serves("x.example.net.", "3600 CNAME x.example.org.")

	// A file that nothing includes any more is a zone's, and one that is gone is forgotten.
	good := strings.ReplaceAll(net, "web: !include common/www.yaml\n", "")
	a := push("c6", www("192.0.2.3"), small, good)
	if len(a.Problems) != 1 || a.Problems[0].Check != "not-a-mapping" || a.Problems[0].File != "zones/common/www.yaml" {
		t.Fatalf("%+v", a)
	}
	r.serves("www.example.com.", "")
	r.push("c7", true, "example.com.yaml", small, "example.net.yaml", good)
	v, err := table.Read(t.Context(), r.st, "zones")
	if err != nil {
		t.Fatal(err)
	}
	infos, err := load.Infos(v)
	if _, there := infos["common/www.yaml"]; there || err != nil || len(infos) != 2 {
		t.Fatalf("%v %v", infos, err)
	}
}

// An included file that vanishes takes nothing with it: the zone cannot be read, and stays.
func TestVanishedInclude(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	com := small + "www: !include common/www.yaml\n"
	r.push("c1", true, "common/www.yaml", "type: A\nvalue: 192.0.2.1\n", "example.com.yaml", com)
	r.serves("www.example.com.", "3600 A 192.0.2.1")
	a := r.push("c2", true, "example.com.yaml", com)
	if len(a.Problems) != 1 || a.Problems[0].Check != "include-missing" || a.Problems[0].Severity != zone.Error {
		t.Fatalf("%+v", a)
	}
	r.start()
	r.serves("www.example.com.", "3600 A 192.0.2.1")
	if _, ok := r.held()["include-missing"]; !ok {
		t.Fatalf("%+v", r.held())
	}
}
