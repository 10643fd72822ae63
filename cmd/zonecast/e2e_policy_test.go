package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const mailPolicy = `policy:
  - name: mx-only-by-mail-team
    when: 'type == "MX" and change in ["created", "changed"] and author != "mx@corp.example"'
    message: 'MX records are the mail team''s, not {author}''s'
  - name: ttl-at-least-60
    when: 'change != "deleted" and ttl < 60'
    message: 'TTL {ttl} is below 60 seconds'
    tests: [{given: {ttl: 60}, expect: passes}]
`

// TestPolicy pushes what violates the policy: check says so where it can, the publisher holds the zone with the rule's message, and a
// person lets it go. A broken policy keeps its last good text.
func TestPolicy(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t)
	w.write("rules/policy.yaml", mailPolicy)
	w.git("init", "-q")
	w.commit()
	w.startEmpty()
	push := func(want int) string {
		t.Helper()
		s := w.ask("push", "--rules", "rules", "--zones", "zones")
		if s.code != want {
			t.Fatalf("push: exit %d, not %d\n%s%s", s.code, want, s.out, s.err)
		}
		return s.out
	}
	contains(t, push(0), "rules: loaded\n", "zones: loaded\n")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")

	// By somebody else: held. What is wrong in itself is found offline too.
	const mail = "mail: {type: MX, value: {preference: 10, exchange: ns1.corp.example.}}\n"
	w.write("zones/corp.example.yaml", corpZone+mail+"low: {type: A, ttl: 30, value: 192.0.2.7}\n")
	w.commit()
	s := w.run("", "check", "--rules", "rules", "--zones", "zones")
	if s.code != 1 {
		t.Errorf("check: exit %d\n%s", s.code, s.out)
	}
	contains(t, s.out, "zones/corp.example.yaml:4:1: error: low.corp.example.: A: TTL 30 is below 60 seconds (policy ttl-at-least-60) [policy]", "1 error")
	contains(t, push(0), "zones: loaded")
	id, shown := w.held("policy", "corp.example.", "low.corp.example. A: TTL 30 is below 60 seconds (policy ttl-at-least-60)",
		"mail.corp.example. MX: MX records are the mail team's, not test@corp.example's (policy mx-only-by-mail-team)")
	contains(t, shown, "To let it go:")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	if got := w.answers("low.corp.example.", dns.TypeA); got != "NXDOMAIN" {
		t.Errorf("low is served: %s", got)
	}
	w.must("held", "release", id, "--reason", "agreed with the mail team, CHG-12")
	w.serves("low.corp.example.", dns.TypeA, "192.0.2.7")
	w.nothingHeld()

	// A policy that does not load is held, and its last good text counts.
	w.write("rules/policy.yaml", strings.Replace(mailPolicy, "ttl < 60", "tll < 60", 1))
	w.commit()
	contains(t, push(1), "policy.yaml:6:", "[unknown-field]")
	w.held("unknown-field", "policy.yaml")
	w.write("zones/corp.example.yaml", corpZone+mail+"low: {type: A, ttl: 31, value: 192.0.2.7}\n")
	w.commit()
	push(1)
	w.held("policy", "TTL 31 is below 60 seconds")

	// A mended policy lets go by itself; the mail team may.
	w.write("rules/policy.yaml", strings.Replace(mailPolicy, "ttl < 60", "ttl < 30", 1)[:len(mailPolicy)-len("    tests: [{given: {ttl: 60}, expect: passes}]\n")])
	w.write("zones/corp.example.yaml", corpZone+strings.Replace(mail, "10", "20", 1)+"low: {type: A, ttl: 31, value: 192.0.2.8}\n")
	w.git("add", "rules", "zones")
	w.git("commit", "-q", "-m", "change", "--author", "Mail <MX@corp.example>")
	contains(t, push(0), "rules: loaded\n", "zones: loaded\n")
	w.serves("low.corp.example.", dns.TypeA, "192.0.2.8")
	w.nothingHeld()
}
