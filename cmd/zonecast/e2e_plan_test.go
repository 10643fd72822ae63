package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/plan"
)

// plan asks for a plan in every format at once: the program writes the file, and shows it again in each.
func (w *world) plan(args ...string) planned {
	w.t.Helper()
	s := w.ask(append([]string{"plan", "-o", "plan.json", "--detailed-exitcode", "--limit", "0"}, args...)...)
	if s.code != 0 && s.code != exitChanges {
		w.t.Fatalf("plan: exit %d\n%s%s", s.code, s.out, s.err)
	}
	shown := func(format string) string {
		s := w.run("", "plan", "show", "plan.json", "--limit", "0", "--format", format)
		if s.code != 0 {
			w.t.Fatalf("plan show: exit %d\n%s", s.code, s.err)
		}
		return s.out
	}
	p := planned{changes: s.code == exitChanges, text: s.out, markdown: shown("markdown"), html: shown("html")}
	if again := shown("text"); again != p.text {
		w.t.Errorf("plan show says\n%s\nand plan said\n%s", again, p.text)
	}
	file, err := os.ReadFile(w.path("plan.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	if shown("json") != string(file) {
		w.t.Error("the plan file is not what --format json shows")
	}
	if err := json.Unmarshal(file, &p.plan); err != nil {
		w.t.Fatal(err)
	}
	return p
}

type planned struct {
	changes              bool
	text, markdown, html string
	plan                 plan.Plan
}

// has fails unless every text stands in the text, in the comment and, as JSON has it, in the page.
func (p planned) has(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		contains(t, p.text, text)
		contains(t, p.markdown, text)
	}
}

// effects lists what becomes of each RRset: "-A db.corp.example.", and of names alone by their kind.
func (p planned) effects() string {
	var list []string
	for _, c := range p.plan.Changes {
		for _, s := range c.Sets {
			sign := "~"
			switch {
			case s.Before == nil:
				sign = "+"
			case s.After == nil:
				sign = "-"
			case s.Before.Equal(*s.After):
				sign = "="
			}
			list = append(list, sign+s.Type.String()+" "+c.Name.String())
		}
	}
	return strings.Join(list, "\n")
}

// stopped lists what would be stopped: "deleted-share corp.example.".
func (p planned) stopped() string {
	var list []string
	for _, s := range p.plan.Stopped {
		list = append(list, s.Check+" "+s.Subject)
	}
	return strings.Join(list, "\n")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

// reviewed starts a pipeline with what a repository of one commit has, and one server.
func reviewed(t *testing.T, more ...string) *world {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t)
	for i := 0; i+1 < len(more); i += 2 {
		w.write(more[i], more[i+1])
	}
	w.git("init", "-q")
	w.commit()
	w.startEmpty()
	w.must("push", "--rules", "rules", "--zones", "zones")
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	return w
}

// A change of comments alone plans to nothing, in one line.
func TestPlanNothing(t *testing.T) {
	t.Parallel()
	w := reviewed(t)
	w.write("zones/corp.example.yaml", "# why\n"+corpZone)
	p := w.plan("--zones", "zones")
	if p.changes || strings.Count(p.text, "\n") != 1 {
		t.Errorf("%v: %s", p.changes, p.text)
	}
	contains(t, p.text, "Nothing changes against the pipeline at http://"+w.http)
	contains(t, p.markdown, "nothing changes")
	contains(t, p.html, "nothing changes")
}

// A change that takes 40 % of a zone: every name is shown, the gate is named, and it stops exactly that.
func TestPlanDeletesMuch(t *testing.T) {
	t.Parallel()
	var zone, kept strings.Builder
	zone.WriteString(corpZone)
	kept.WriteString(corpZone)
	for i := range 96 { // with the apex, ns1, web1 and its role the zone has 100 names
		line := fmt.Sprintf("host%02d: {type: A, value: 192.0.2.%d}\n", i, 100+i)
		zone.WriteString(line)
		if i >= 40 {
			kept.WriteString(line)
		}
	}
	w := reviewed(t, "zones/corp.example.yaml", zone.String())
	w.write("zones/corp.example.yaml", kept.String())
	w.commit()
	p := w.plan("--zones", "zones")
	var want strings.Builder
	for i := range 40 {
		fmt.Fprintf(&want, "-A host%02d.corp.example.\n", i)
		p.has(t, fmt.Sprintf("- host%02d.corp.example. 3600 A 192.0.2.%d\n", i, 100+i))
	}
	same(t, "effects", p.effects()+"\n", want.String())
	same(t, "stopped", p.stopped(), "deleted-share corp.example.")
	contains(t, p.text, "STOPPED by publisher, zone corp.example. [deleted-share]: 40 of 100 names would go, the limit is 20; held until somebody releases it", "of 100 names 40 deleted")
	contains(t, p.markdown, "<code>deleted-share</code>", "held until released", "| <code>corp.example.</code> | 100 | 0 | 0 | 40 | 0 |")
	contains(t, p.html, "deleted-share", `"n":"host00.corp.example."`, `"x":1`)

	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json", "--digest", p.plan.Digest), "zones: loaded")
	w.held("deleted-share", "corp.example.", "40 of 100 names would go, the limit is 20")
	w.serves("host00.corp.example.", dns.TypeA, "192.0.2.100")

	// What is loaded and held is no change any more: the plan says why nothing is.
	again := w.plan("--zones", "zones")
	if again.changes || len(again.plan.Held) != 1 {
		t.Errorf("%+v", again.plan.Held)
	}
	line := "zone corp.example. [deleted-share], since "
	contains(t, again.text, "Nothing changes", "\nheld now: "+line, ": zonecast held show publisher:")
	contains(t, again.html, "Held now", line)
	contains(t, again.markdown, "**Held now:**", "deleted-share")
}

// A change that shadows a generated name says whom, and what brings it back says so too.
func TestPlanShadows(t *testing.T) {
	t.Parallel()
	w := reviewed(t)
	w.write("zones/corp.example.yaml", corpZone+"web1:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace, reason: INC-4711}\n")
	w.commit()
	p := w.plan("--zones", "zones")
	same(t, "effects", p.effects(), "~A web1.corp.example.")
	same(t, "stopped", p.stopped(), "")
	p.has(t, "- web1.corp.example. 300 A 192.0.2.10\n", "+ web1.corp.example. 3600 A 192.0.2.99\n", "by zones/corp.example.yaml:3 (replace; INC-4711)",
		"was module servers, server/web1", "shadows module servers, server/web1: replaced")
	contains(t, p.html, "zones/corp.example.yaml:3 (replace; INC-4711)", "module servers, server/web1")
	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json"), "zones: loaded")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")

	w.write("zones/corp.example.yaml", corpZone)
	w.commit()
	back := w.plan("--zones", "zones")
	same(t, "effects back", back.effects(), "~A web1.corp.example.")
	back.has(t, "brings back module servers, server/web1")
	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json"), "zones: loaded")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
}

// A loop of CNAMEs over two zones' files is found, with the place of each.
func TestPlanLoop(t *testing.T) {
	t.Parallel()
	w := reviewed(t, "zones/new.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nb: {type: A, value: 192.0.2.7}\n")
	w.write("zones/corp.example.yaml", corpZone+"a: {type: CNAME, value: b.new.example.}\n")
	w.write("zones/new.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nb: {type: CNAME, value: a.corp.example.}\n")
	w.commit()
	p := w.plan("--zones", "zones")
	same(t, "effects", p.effects(), "+CNAME a.corp.example.\n-A b.new.example.\n+CNAME b.new.example.")
	contains(t, p.text, "zones/corp.example.yaml:3:", "zones/new.example.yaml:2:", "[cname-loop]")
	contains(t, p.markdown, "cname-loop")
	contains(t, p.html, "cname-loop")
	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json"), "zones: loaded")
	w.serves("a.corp.example.", dns.TypeCNAME, "b.new.example.")
}

// A plan of an unreachable pipeline, of a wrong format, a damaged file, and the wrong approvals say what is wrong.
func TestPlanErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("zonecast.yaml", "http: {listen: "+w.http+"}\n") // where nobody listens
	w.git("init", "-q")
	w.commit()
	w.must("plan", "--zones", "zones", "--base", "HEAD", "-o", "offline.json")
	w.write("plan.json", `{"format":1,"digest":"sha256:00","made":"2026-11-20T00:00:00Z","against":{"kind":"live"},"changes":[],"summaries":[]}`)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"plan", "--zones", "zones"}, 1, "nothing answers at http://" + w.http},
		{[]string{"plan", "--zones", "zones", "--format", "pdf"}, 1, `--format "pdf": one of text, markdown, html, json`},
		{[]string{"plan", "--zones", "zones", "--limit", "-1"}, 1, "--limit is negative"},
		{[]string{"plan"}, 1, "nothing to plan"},
		{[]string{"plan", "--zones", "nowhere"}, 1, "nowhere is no folder"},
		{[]string{"plan", "--zones", "zones", "--base", "nowhere"}, 1, `git knows no revision "nowhere"`},
		{[]string{"plan", "--zones", "zones", "--rules", "rules", "--base", "HEAD"}, 1, "--base with rules needs --inventory"},
		{[]string{"plan", "--zones", "zones", "--snapshot", "nowhere.snap"}, 1, "nowhere.snap"},
		{[]string{"plan", "--zones", "zones", "--base", "HEAD", "--snapshot", "x"}, 1, "none of the others can be"},
		{[]string{"plan", "show", "nowhere.json"}, 1, "nowhere.json"},
		{[]string{"plan", "show", "plan.json"}, 1, "plan.json: the plan's digest does not match its content"},
		{[]string{"plan", "show", "zones/corp.example.yaml"}, 1, "this is no plan"},
		{[]string{"push", "--zones", "zones", "--plan", "plan.json"}, 2, "plan.json: the plan's digest does not match"},
		{[]string{"push", "--zones", "zones", "--digest", "sha256:00"}, 2, "name its file with --plan"},
		{[]string{"push", "--zones", "zones", "--plan", "offline.json"}, 2, "made against a revision, not against the running pipeline"},
		{[]string{"push", "--zones", "zones", "--plan", "offline.json", "--digest", "sha256:00"}, 2, "and sha256:00 was approved: it is another plan"},
	} {
		s := w.run("", c.args...)
		if s.code != c.code {
			t.Errorf("%v: exit %d, not %d: %s", c.args, s.code, c.code, s.out)
		}
		contains(t, s.err, c.want)
	}
}

// A module that changes: the plan shows the records that it would give for the live inventory; with zone files that
// change too, both together. What the push does is that.
func TestPlanOfRules(t *testing.T) {
	t.Parallel()
	w := reviewed(t)
	w.event(putWeb2)
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	w.write("rules/servers.yaml", strings.Replace(serversModule, "ttl: 300", "ttl: 120", 1))
	w.commit()
	p := w.plan("--rules", "rules")
	same(t, "effects", p.effects(), "~PTR 10.2.0.192.in-addr.arpa.\n~PTR 11.2.0.192.in-addr.arpa.\n~A web.corp.example.\n~A web1.corp.example.\n~A web2.corp.example.")
	p.has(t, " web1.corp.example. A, TTL 300 -> 120\n", "by module servers, server/web1")
	contains(t, p.text, "rules of main: ", "1 file changed")

	w.write("rules/servers.yaml", strings.Replace(serversModule, "name: '{hostname}.corp.example.', type: A", "name: '{hostname}.new.example.', type: A", 1))
	w.write("zones/new.example.yaml", "'': {type: NS, value: ns1.corp.example.}\n")
	w.commit()
	p = w.plan("--rules", "rules", "--zones", "zones")
	same(t, "effects of both", p.effects(), "-A web1.corp.example.\n-A web2.corp.example.\n+NS new.example.\n+SOA new.example.\n+A web1.new.example.\n+A web2.new.example.")
	contains(t, p.text, "new.example.: a new zone, 3 created")
	contains(t, p.html, `"n":"web1.new.example."`)
	out := w.must("push", "--rules", "rules", "--zones", "zones", "--plan", "plan.json", "--digest", p.plan.Digest)
	contains(t, out, "rules: loaded", "zones: loaded")
	w.serves("web2.new.example.", dns.TypeA, "192.0.2.11")
	w.serves("web2.corp.example.", dns.TypeA, "NXDOMAIN")
}
