package publisher

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	effect "zonecast/internal/plan"
	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// policy loads a policy.yaml into the table of a source, as its rules stage does; "" takes it away.
func (w *world) policy(source, text string) {
	w.t.Helper()
	rows, err := table.OpenWriter(w.t.Context(), w.st, prefixRules+source, table.Options{Instance: "test", Shards: 16})
	if err != nil {
		w.t.Fatal(err)
	}
	tx := rows.Begin()
	if text == "" {
		infos, err := load.Infos(rows)
		if err != nil {
			w.t.Fatal(err)
		}
		load.DeleteFile(tx, policy.File, infos[policy.File])
	} else {
		load.PutFile(tx, checkout.File{Path: policy.File, Data: []byte(text)}, "c", "")
	}
	load.PutLoaded(tx, row.Load{Commit: fmt.Sprint(len(text))})
	if err := table.Commit(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
}

// claim presents a record with who causes it.
func (e edit) claim(apex, owner string, o row.Origin, records ...string) {
	n := name(e.w.t, owner)
	p := row.Presented{Zone: name(e.w.t, apex), Sets: setsOf(e.w.t, records...)}
	for _, s := range p.Sets {
		p.Claims = append(p.Claims, row.Claim{Set: s, Origin: o})
	}
	e.tx.Put(n.String(), p.Encode())
	e.w.want[n.String()] = p.Sets
}

const (
	noMail = "policy:\n  - {name: mx-only-by-mail-team, when: 'type == \"MX\" and author != \"mx@example.com\"', message: 'not by \"{author}\"'}\n"
	noTXT  = "policy:\n  - {name: no-txt, when: 'type == \"TXT\" and change != \"deleted\"', message: 'no texts'}\n"
)

// A violation holds its zone, and nothing else, with the rule's message; a person lets it go.
func TestPolicyHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy("main", noMail)
	a := w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) {
		e.claim("example.", "m1.example.", row.Origin{File: "example.yaml", Author: "mx@example.com"}, "MX 10 mail.example.")
	})
	p.synced("the mail team's")
	w.commit(func(e edit) {
		e.claim("example.", "m2.example.", row.Origin{File: "example.yaml", Author: "other@example.com"}, "A 192.0.2.9", "MX 10 mail.example.")
		e.put("example.", "h1.example.", "A 192.0.2.8")
	})
	item := w.held("example.", policy.Check)
	want := `m2.example. MX: not by "other@example.com" (policy mx-only-by-mail-team)`
	if item.Check != policy.Check || item.Cause != want || !item.CanFree || len(item.Problems) != 1 {
		t.Errorf("%+v", item)
	}
	plan := w.plan()
	for i := range plan.Changes { // the test's plan has no causes
		for s := range plan.Changes[i].Sets {
			plan.Changes[i].Sets[s].Causes = append(plan.Changes[i].Sets[s].Causes, causeOf("other@example.com"))
		}
	}
	w.foresees(a, plan, item)
	restGoesOn(w, p)
	if p.serves("m2.example.") {
		t.Error("served all the same")
	}
	// More of the same kind is not what was shown.
	w.commit(func(e edit) {
		e.claim("example.", "m3.example.", row.Origin{File: "example.yaml"}, "MX 10 mail.example.")
	})
	for item.Cause == want {
		item = w.held("example.", policy.Check)
	}
	if !strings.Contains(item.Cause, `m3.example. MX: not by ""`) {
		t.Errorf("%+v", item)
	}
	a.mustPost("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "the team is away", By: "test"})
	p.synced("let go")
	if items := w.heldItems(); len(items) != 0 {
		t.Errorf("%+v", items)
	}
	// What is served is not judged again, whatever else changes at the name.
	w.commit(func(e edit) {
		e.claim("example.", "m2.example.", row.Origin{File: "example.yaml", Author: "other@example.com"}, "A 192.0.2.10", "MX 10 mail.example.")
	})
	p.synced("another record of the name")
}

// A policy that comes later holds nothing that is served; one that is mended lets go by itself; broken text leaves the last good one.
func TestPolicyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) { e.put("example.", "t0.example.", "TXT a") })
	p.synced("before there is a policy")
	w.policy("main", noTXT)
	w.policy("other", noMail)
	w.commit(func(e edit) { e.put("example.", "h1.example.", "A 192.0.2.8") })
	p.synced("what is served stays")
	w.policy("main", "policy: [broken\n")
	w.commit(func(e edit) { e.put("example.", "t1.example.", "TXT b") })
	w.held("example.", policy.Check)
	w.commit(func(e edit) { e.put("example.org.", "m.example.org.", "MX 10 mail.example.") })
	w.held("example.org.", policy.Check) // both policies count
	w.policy("main", strings.Replace(noTXT, "TXT", "SPF", 1))
	p.until("let go by itself", func() bool { return p.serves("t1.example.") })
	w.policy("other", "")
	p.synced("without the other policy")
}

// A difference that was held for another reason before there was a policy is judged with who causes it.
func TestPolicyComesWhileAZoneIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Gates.Created = 50
	a := w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) {
		for i := range 51 {
			e.claim("example.", fmt.Sprintf("m%d.example.", i), row.Origin{File: "f", Author: "other@example.com"}, "MX 10 mail.example.")
		}
	})
	w.held("example.", "created")
	w.policy("main", noMail)
	w.commit(func(e edit) { e.put("example.", "h1.example.", "A 192.0.2.8") })
	item := w.held("example.", policy.Check)
	if !strings.Contains(item.Cause, `m0.example. MX: not by "other@example.com"`) || !strings.Contains(item.Cause, "48 more violations of the policy") {
		t.Errorf("%s", item.Cause)
	}
	a.mustPost("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "test", By: "test"})
	p.synced("let go")
}

func TestPolicyWarnsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy("main", strings.Replace(noTXT, "name: no-txt", "name: no-txt, severity: warning", 1))
	w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) { e.put("example.", "t1.example.", "TXT b") })
	p.synced("a warning holds nothing")
}

// What was served and is not known any more is published again as it is: it is new to nobody.
func TestPolicyOfWhatWasServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 10)
	a.stop()
	if err := os.RemoveAll(filepath.Join(w.cfg.Data, "bases")); err != nil {
		t.Fatal(err)
	}
	w.rub("/tables/" + tablePublished)
	w.policy("main", "policy:\n  - {name: none, when: 'type == \"A\"', message: 'no addresses'}\n")
	before := p.head
	w.start("a")
	p.until("published again", func() bool { return p.head.Version > before.Version && p.differs() == "" })
	w.commit(func(e edit) { e.put("example.", "h1.example.", "A 192.0.2.99") })
	w.held("example.", policy.Check) // what changes afterwards is judged
}

// A removed zone is one decision, whatever the policy says about deletions.
func TestPolicyOfAZoneThatGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy("main", "policy:\n  - {name: keep, when: 'change == \"deleted\"', message: 'stays'}\n")
	a := w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) { e.drop("h1.example.") })
	w.held("example.", policy.Check)
	w.commit(func(e edit) { e.dropZone("example.org.") })
	item := w.held("example.org.", "zone-gone")
	if len(item.Problems) != 1 {
		t.Errorf("%+v", item)
	}
	a.mustPost("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "test", By: "test"})
	p.until("gone", func() bool { return len(p.view.Zones()) == 1 })
}

func TestViolationsCover(t *testing.T) {
	t.Parallel()
	list := func(n int) (s Summary) {
		var found []policy.Finding
		for i := range n {
			found = append(found, policy.Finding{Rule: "r", Severity: zone.Error, Name: name(t, fmt.Sprintf("h%04d.example.", i)), Type: zone.TypeA, Text: "no"})
		}
		slices.Reverse(found)
		for i, v := range s.violate(append(found, policy.Finding{Rule: "w", Severity: zone.Warning})) {
			if i < maxNamed && !strings.HasPrefix(v.text, fmt.Sprintf("h%04d.example. A: no", i)) {
				t.Errorf("verdict %d: %s", i, v.text)
			}
		}
		if s.Violated != n || len(s.Violations) != min(n, maxViolations) {
			t.Errorf("%d: %d, %d listed", n, s.Violated, len(s.Violations))
		}
		s.Checks = []string{policy.Check}
		return s
	}
	for _, c := range []struct {
		shown, now int
		covers     bool
	}{{1, 1, true}, {2, 1, true}, {1, 2, false}, {150, 151, false}, {1000, 1100, true}, {1000, 1101, false}, {100, 0, true}} {
		if got := list(c.shown).covers(list(c.now)); got != c.covers {
			t.Errorf("%d shown, now %d: %v", c.shown, c.now, got)
		}
	}
}

// Without a policy nothing is decoded or kept for one; with one, who causes 100,000 names takes the memory of few.
func TestPolicyKeepsLittle(t *testing.T) {
	t.Parallel()
	c := &content{finding: func(policy.Finding) {}}
	value := row.Presented{Zone: name(t, "example."), Sets: setsOf(t, "A 192.0.2.1"), Claims: []row.Claim{
		{Set: setsOf(t, "A 192.0.2.1")[0], Origin: row.Origin{Source: "main", Module: "servers", Entity: "server/1"}},
		{Set: setsOf(t, "A 192.0.2.1")[0], Origin: row.Origin{Source: "main", Module: "servers", Entity: "server/2"}}}}.Encode()
	var d diff
	if err := c.decode(&d, value); err != nil || d.causes != nil || d.known {
		t.Errorf("%+v, %v", d, err)
	}
	p, problems := policy.Load(checkout.File{Path: policy.File, Data: []byte(noMail)}, "")
	if problems != nil {
		t.Fatal(problems)
	}
	c.obey(p)
	var more diff
	if err := errors.Join(c.decode(&d, value), c.decode(&more, value)); err != nil || len(d.causes) != 1 || d.causes[0].Origin != more.causes[0].Origin {
		t.Errorf("%+v, %+v, %v", d.causes, more.causes, err)
	}
}

// noRows is an empty table published.
type noRows struct{}

func (noRows) Get(string) ([]byte, bool)      { return nil, false }
func (noRows) All() iter.Seq2[string, []byte] { return func(func(string, []byte) bool) {} }

// causeOf is a human cause by an author.
func causeOf(author string) effect.Cause {
	return effect.Cause{Origin: row.Origin{File: "example.yaml", Author: author}}
}

func BenchmarkJudgePolicy(b *testing.B) {
	p, problems := policy.Load(checkout.File{Path: policy.File, Data: []byte(noMail + noTXT[len("policy:\n"):] +
		"  - {name: ttl, when: 'change != \"deleted\" and ttl < 60', message: 'low'}\n")}, "")
	if problems != nil {
		b.Fatal(problems)
	}
	origin := &row.Origin{Source: "main", Module: "servers"}
	for b.Loop() {
		c := &content{rows: noRows{}, finding: func(policy.Finding) {}}
		c.obey(p)
		u := &unit{apex: name(b, "example."), names: map[zone.Name]diff{}}
		sets := setsOf(b, "A 192.0.2.1")
		for i := range 100_000 {
			n := name(b, fmt.Sprintf("h%d.example.", i))
			u.names[n] = diff{apex: u.apex, sets: sets, causes: []policy.Cause{{Type: zone.TypeA, Origin: origin}}, known: true}
			u.judgeLater(n)
		}
		start := time.Now()
		if found := c.judgePolicy(u, start); len(found) > 0 {
			b.Fatal(found)
		}
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/100_000, "ns/change")
	}
}

// A publisher that starts while rules are being loaded, or after that was broken off, judges by the policy that is there.
func TestPolicyOfATableThatIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy("main", noTXT)
	const path = "/tables/rules.main/head"
	n, err := w.st.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	open := strings.Replace(string(n.Data), `"open":false`, `"open":true`, 1)
	if open == string(n.Data) {
		t.Fatal("the head has another form")
	}
	if err := w.st.Multi(t.Context(), store.Set(path, []byte(open), n.Version)); err != nil {
		t.Fatal(err)
	}
	p := newPolicies(w.st, slog.New(slog.DiscardHandler))
	if err := p.refresh(t.Context()); err != nil || p.joined == nil {
		t.Fatal("nothing is judged", err)
	}
}
