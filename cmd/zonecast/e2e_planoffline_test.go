package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const inventoryYAML = `- {kind: server, id: web1, attrs: {hostname: web1, ipv4: 192.0.2.10}}
- {kind: server, id: web2, attrs: {hostname: web2, ipv4: 192.0.2.11}}
`

// Without a pipeline: the work tree against another revision, with what rules make of an inventory.
func TestPlanAgainstRevision(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t)
	w.write("zonecast.yaml", "rules: {dir: rules, inventory: [inventory.yaml]}\npresenter: {zones: zones}\nhttp: {listen: "+w.http+"}\n") // where nobody listens
	w.write("inventory.yaml", inventoryYAML)
	w.write("rules/policy.yaml", "policy:\n  - {name: low, severity: error, when: 'change != \"deleted\" and ttl < 60', message: 'TTL {ttl} is low'}\n")
	w.git("init", "-q")
	base := w.commit()
	if s := w.run("", "plan", "--base", base, "--detailed-exitcode"); s.code != 0 || !strings.HasPrefix(s.out, "Nothing changes against revision "+base) {
		t.Errorf("exit %d: %s%s", s.code, s.out, s.err)
	}
	w.write("rules/servers.yaml", strings.Replace(serversModule, "ttl: 300", "ttl: 30", 1))
	w.write("zones/corp.example.yaml", corpZone+"web1: {type: A, ttl: 300, value: 192.0.2.99}\n")
	s := w.run("", "plan", "--base", base, "--detailed-exitcode")
	if s.code != exitChanges {
		t.Errorf("exit %d: %s", s.code, s.err)
	}
	contains(t, s.out, "~ web2.corp.example. A, TTL 300 -> 30", "  - web1.corp.example. 300 A 192.0.2.10", "  + web1.corp.example. 300 A 192.0.2.99",
		"by zones/corp.example.yaml:3", "shadows module servers, server/web1", "of 4 names 2 changed", "of 3 names 2 changed",
		"STOPPED by publisher, zone corp.example. [policy]: ", "TTL 30 is low")

	// What is not in the inventory and not in the folder is not there: a module that gives nothing is seen as such.
	w.write("rules/servers.yaml", strings.Replace(serversModule, "kind: server", "kind: server\nwhen: 'hostname == \"web9\"'", 1))
	w.write("zones/corp.example.yaml", corpZone)
	s = w.run("", "plan", "--base", base)
	contains(t, s.out, "- web1.corp.example. 300 A 192.0.2.10", "of 4 names 2 deleted")
}

// Against what is served: a release of a pipeline, and the same as a snapshot file.
func TestPlanAgainstRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("inventory.yaml", inventoryYAML)
	w.start("--inventory", w.path("inventory.yaml"))
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	args := []string{"plan", "--rules", "rules", "--zones", "zones", "--inventory", "inventory.yaml", "--detailed-exitcode"}
	eventually(t, "what is served is what the folders give", func() bool { return w.ask(append(args, "--release", "newest")...).code == 0 })
	w.must("releases", "export", "-o", "served")
	if s := w.run("", "snapshot", "build", "-o", "served.snap", "served/corp.example.zone", "served/2.0.192.in-addr.arpa.zone"); s.code != 0 {
		t.Fatal(s.err)
	}
	w.write("next.yaml", strings.Replace(inventoryYAML, "192.0.2.11", "192.0.2.12", 1)) // which nobody watches
	args[6] = "next.yaml"
	s := w.ask(append(args, "--release", "newest")...)
	if s.code != exitChanges {
		t.Errorf("exit %d: %s", s.code, s.err)
	}
	contains(t, s.out, "Against a release of http://"+w.http, "- web2.corp.example. 300 A 192.0.2.11", "+ web2.corp.example. 300 A 192.0.2.12",
		"- 11.2.0.192.in-addr.arpa. 300 PTR web2.corp.example.", "by module servers, server/web2")
	s = w.run("", append(args, "--snapshot", "served.snap")...)
	contains(t, s.out, "Against snapshot served.snap", "+ web2.corp.example. 300 A 192.0.2.12")
	if strings.Contains(s.out, "web1.corp.example") {
		t.Errorf("a name that stays:\n%s", s.out)
	}
	s = w.ask("plan", "--rules", "rules", "--release", "newest")
	contains(t, s.err, "need --zones")
	s = w.ask("plan", "--zones", "zones", "--release", "1")
	contains(t, s.err, "version 1 is not in the log")
}

// A plan needs no more than the token that may only read; that one loads nothing.
func TestPlanByReaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("write.token", "writers-0123456789abcdef\n")
	w.write("read.token", "readers-0123456789abcdef\n")
	w.write("zonecast.yaml", "http: {listen: "+w.http+", token_file: write.token, read_token_file: read.token}\n")
	w.up = w.launch("up", "-c", "zonecast.yaml", "--data", w.path("data"), "--dns", w.dns)
	eventually(t, "the pipeline leads", func() bool {
		return w.run("", "plan", "--rules", "rules", "--zones", "zones", "--token-file", "read.token").code == 0
	})
	s := w.run("", "plan", "--rules", "rules", "--zones", "zones", "--token-file", "read.token", "--detailed-exitcode", "-o", "plan.json")
	if s.code != exitChanges {
		t.Errorf("exit %d: %s", s.code, s.err)
	}
	contains(t, s.out, "corp.example.: a new zone", "+ ns1.corp.example. 3600 A 192.0.2.53")
	if s := w.run("", "push", "--rules", "rules", "--zones", "zones", "--token-file", "read.token", "--plan", "plan.json"); s.code != 2 {
		t.Errorf("the read token pushes: exit %d: %s", s.code, s.out)
	}
	if s := w.run("", "push", "--rules", "rules", "--zones", "zones", "--plan", "plan.json"); s.code != 0 {
		t.Errorf("exit %d: %s%s", s.code, s.out, s.err)
	}
}
