package presenter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// planOwners are few and close together, so that what is written, generated, delegated and renamed meets.
var planOwners = []string{"example.", "a.example.", "x.a.example.", "y.x.a.example.", "b.example.", "x.b.example.", "c.b.example.", "z.c.b.example.",
	"d.example.", "x.d.example.", "p.b.example.b.example.", "lost.invalid."}

var planRecords = []string{"A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", "TXT x", "CNAME a.example.", "CNAME x.b.example.", "CNAME p.b.example.b.example.",
	"NS x.a.example.", "NS x.d.example.", "NS ns.example.net.", "DNAME d.example.", "DS 1 8 1 0123456789abcdef0123456789abcdef01234567"}

// drawFolder draws the zone files of a folder: some zones are there, some have a fault, some are empty.
func drawFolder(t *rapid.T) map[string]string {
	files := map[string]string{}
	for _, apex := range []string{"example.", "b.example.", "c.b.example."} {
		if rapid.IntRange(0, 5).Draw(t, "there") == 0 {
			continue
		}
		at := map[string]string{}
		for range rapid.IntRange(0, 5).Draw(t, "records") {
			owner := rapid.SampledFrom(planOwners).Draw(t, "owner")
			if !strings.HasSuffix(owner, "."+apex) && owner != apex {
				continue
			}
			typ, data, _ := strings.Cut(rapid.SampledFrom(planRecords[:len(planRecords)-1]).Draw(t, "record"), " ")
			key := strings.TrimSuffix(strings.TrimSuffix(owner, apex), ".")
			mode := rapid.SampledFrom([]string{"", "", "{mode: replace}", "{mode: replace, scope: name}", "{mode: merge}", "{mode: mask}", "{mode: mask, scope: name}"}).Draw(t, "mode")
			text := fmt.Sprintf("'%s':\n  type: %s\n", key, typ)
			if !strings.Contains(mode, "mask") {
				text += fmt.Sprintf("  value: '%s'\n", data)
			}
			if mode != "" {
				text += "  zonecast: " + mode + "\n"
			}
			at[key] = text
		}
		if rapid.IntRange(0, 3).Draw(t, "include") == 0 {
			at["w"] = "w: !include common/www.yaml\n"
			files["common/www.yaml"] = rapid.SampledFrom([]string{"- {type: A, value: 192.0.2.7}\n", "- {type: A, value: 192.0.2.8}\n", "type: CNAME\nvalue: a.example.\n"}).Draw(t, "included")
		}
		text := ""
		for _, key := range slices.Sorted(maps.Keys(at)) {
			text += at[key]
		}
		switch rapid.IntRange(0, 12).Draw(t, "fault") {
		case 0:
			text = ""
		case 1:
			text += "fault: {type: A, value: nonsense}\n"
		default:
			text = "# " + rapid.SampledFrom([]string{"one", "two"}).Draw(t, "comment") + "\n" + text
			if len(at) == 0 {
				text += "{}\n"
			}
		}
		files[strings.TrimSuffix(apex, ".")+".yaml"] = text
	}
	return files
}

// drawGenerated draws what a source changes: names with lines of type and data, none for a name that it gives no more.
func drawGenerated(t *rapid.T) map[string][]string {
	out := map[string][]string{}
	for range rapid.IntRange(1, 3).Draw(t, "names") {
		list := []string{}
		for range rapid.IntRange(0, 2).Draw(t, "contributions") {
			list = append(list, rapid.SampledFrom(planRecords).Draw(t, "generated"))
		}
		out[rapid.SampledFrom(planOwners).Draw(t, "owner")] = list
	}
	return out
}

type planStep struct {
	files     map[string]string
	generated map[string][]string
	inPlan    bool // what is generated is part of the plan
}

var planSteps = rapid.Custom(func(t *rapid.T) planStep {
	return planStep{drawFolder(t), drawGenerated(t), rapid.Bool().Draw(t, "rules too")}
})

func (r *rig) view() *table.View {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, "presented")
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// settled waits until the presenter has taken in what was generated.
func (r *rig) settled() *table.View {
	r.t.Helper()
	for {
		if v := r.view(); !v.Head.Inputs["generated.main"].Before(r.gen.Head().Position()) {
			return v
		}
		if _, err := r.out.Next(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) heldByID() map[string]row.Held {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, "held.presenter")
	if err != nil {
		r.t.Fatal(err)
	}
	items := map[string]row.Held{}
	for id, value := range v.All() {
		var h row.Held
		if err := json.Unmarshal(value, &h); err != nil {
			r.t.Fatal(err)
		}
		items[id] = h
	}
	return items
}

func contributed(t testing.TB, lines []string) []byte {
	var list []row.Contribution
	for i, line := range lines {
		typ, data, _ := strings.Cut(line, " ")
		list = append(list, row.Contribution{Module: "m", Entity: fmt.Sprint("server/", i), Sets: []zone.RRset{set(t, typ, data)}})
	}
	if list == nil {
		return nil
	}
	return row.EncodeContributions(list)
}

func (r *rig) contribute(generated map[string][]string) {
	r.t.Helper()
	tx := r.gen.Begin()
	for key, lines := range generated {
		if value := contributed(r.t, lines); value != nil {
			tx.Put(key, value)
		} else {
			tx.Delete(key)
		}
	}
	if err := table.Commit(r.t.Context(), tx); err != nil {
		r.t.Fatal(err)
	}
}

// TestPlanIsWhatLoadingDoes: whatever is loaded, generated, held, delegated and renamed, what a plan says is what the
// load then does: every name that changes, with the sets and the claims before and after, and what is held.
func TestPlanIsWhatLoadingDoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	changed, stopped := 0, 0
	for seed := range 150 {
		step := planSteps.Example(seed)
		if !step.inPlan {
			r.contribute(step.generated)
		}
		before, heldBefore := r.settled(), r.heldByID()
		var a plan.Ask
		a.Commit, a.Prefix = fmt.Sprint("c", seed), "zones/"
		none, now := r.ask(plan.Ask{Loaded: true})
		if len(none) > 0 {
			t.Fatalf("step %d: what is loaded would change something: %+v", seed, none)
		}
		var push []string
		for path, text := range step.files {
			f := fileOf(path, text)
			if now.Files[path] == f.SHA256 {
				f.Data = nil
			}
			a.Files = append(a.Files, f)
			push = append(push, path, text)
		}
		if step.inPlan {
			for key, lines := range step.generated {
				a.Generated = append(a.Generated, plan.Generated{Source: "main", Name: name(t, key), Value: contributed(t, lines)})
			}
		}
		changes, end := r.ask(a)
		if !slices.IsSortedFunc(changes, func(a, b plan.Change) int { return cmp.Or(a.Zone.Compare(b.Zone), a.Name.Compare(b.Name)) }) {
			t.Fatal("not sorted")
		}
		r.push(a.Commit, true, push...)
		if step.inPlan {
			r.contribute(step.generated)
		}
		after := r.settled()
		if diff := disagree(before, after, changes); diff != "" {
			t.Fatalf("step %d: %s\n%+v", seed, diff, step)
		}
		stops := map[string]bool{}
		for _, s := range end.Stopped {
			stops[s.Unit+" "+s.Subject+" "+s.Check] = true
		}
		held := r.heldByID()
		for id, h := range held {
			key := h.Unit + " " + h.Subject + " " + h.Check
			if _, was := heldBefore[id]; !stops[key] && !was {
				t.Fatalf("step %d: held, and not in the plan: %s: %s", seed, key, h.Cause)
			}
		}
		for s := range stops {
			if !slices.ContainsFunc(slices.Collect(maps.Values(held)), func(h row.Held) bool { return s == h.Unit+" "+h.Subject+" "+h.Check }) {
				t.Fatalf("step %d: in the plan, and not held: %s", seed, s)
			}
		}
		changed += len(changes)
		stopped += len(end.Stopped)
		for id, h := range held {
			if h.CanFree && rapid.Bool().Example(seed) {
				r.call("POST", "/v1/stages/presenter/held/"+id+"/release", map[string]string{"reason": "test"}, nil)
			}
		}
	}
	if changed < 300 || stopped < 50 {
		t.Fatalf("too little happens to show anything: %d changes, %d held", changed, stopped)
	}
}

// disagree says where a plan is not what became of the table; "" for nowhere.
func disagree(before, after *table.View, changes []plan.Change) string {
	said := map[string]plan.Change{}
	for _, c := range changes {
		said[c.Name.String()] = c
	}
	keys := map[string]bool{}
	for _, v := range []*table.View{before, after} {
		for key := range v.All() {
			keys[key] = true
		}
	}
	for key := range said {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if key[0] == '@' {
			continue
		}
		was, is := rowAt(before, key), rowAt(after, key)
		differ := !zone.SetsEqual(was.Sets, is.Sets) || !sameMakers(was.Claims, is.Claims) || !sameMakers(was.Shadowed, is.Shadowed)
		c, ok := said[key]
		if differ != ok {
			return fmt.Sprintf("%s: changes %v, in the plan %v: %+v -> %+v; said %+v", key, differ, ok, was, is, c)
		}
		for _, s := range c.Sets {
			if text := setLine(was.Sets, s.Type) + " -> " + setLine(is.Sets, s.Type); text != planLine(s) {
				return fmt.Sprintf("%s: %s, the plan says %s", key, text, planLine(s))
			}
			if len(s.Was) != countOf(was.Claims, s.Type) || len(s.Causes) != countOf(is.Claims, s.Type) {
				return fmt.Sprintf("%s %s: other claims than said", key, s.Type)
			}
		}
		for _, t := range []zone.Type{zone.TypeA, zone.TypeAAAA, zone.TypeTXT, zone.TypeCNAME, zone.TypeNS, zone.TypeDNAME, zone.TypeDS, zone.TypeSOA} {
			told := slices.ContainsFunc(c.Sets, func(s plan.SetChange) bool { return s.Type == t })
			if setLine(was.Sets, t) != setLine(is.Sets, t) && !told {
				return fmt.Sprintf("%s %s: not in the plan", key, t)
			}
		}
		if ok && c.Kind != kindOf(was.Sets, is.Sets) {
			return key + ": " + string(c.Kind)
		}
	}
	return ""
}

func rowAt(v *table.View, key string) row.Presented {
	value, _ := v.Get(key)
	return decodeRow(value)
}

func sameMakers(a, b []row.Claim) bool {
	line := func(list []row.Claim) (out []string) {
		for _, c := range list {
			o := c.Origin
			out = append(out, fmt.Sprintln(o.Source, o.Module, o.Entity, o.File, o.Mode, o.Scope, c.Why, setLine([]zone.RRset{c.Set}, c.Set.Type)))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(line(a), line(b))
}

func setLine(sets []zone.RRset, t zone.Type) string {
	s := setOf(sets, t)
	if s == nil {
		return "none"
	}
	return fmt.Sprint(s.Type, s.TTL, s.Lines(zone.Root))
}

func planLine(s plan.SetChange) string {
	line := func(s *zone.RRset) string {
		if s == nil {
			return "none"
		}
		return setLine([]zone.RRset{*s}, s.Type)
	}
	return line(s.Before) + " -> " + line(s.After)
}

func countOf(claims []row.Claim, t zone.Type) int { return len(ofType(claims, t)) }
