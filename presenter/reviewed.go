package presenter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// The checks of a push that is not what was approved.
const (
	checkPlanMissing = "plan-missing"
	checkPlanDrifted = "plan-drifted"
)

const (
	// planSettle is how long a push waits for the records of rules that came with the same plan.
	planSettle = 20 * time.Second
	// planPause is between two looks whether they came.
	planPause = time.Second
)

// maxDrifted bounds the names that a held push lists.
const maxDrifted = 50

// objection is why a push must wait for a person.
type objection struct {
	check, cause string
	problems     []zone.Problem
}

// review works out, beside the loop, what a push would do now, and compares it with the plan that it brings; nil when
// it is the approved one, or nothing was said. Nothing else can be loaded between this and the push, which names
// what it was compared with; what the inventory does meanwhile is no matter.
func (t *term) review(ctx context.Context, p checkout.Push) (*objection, error) {
	if p.Plan == nil {
		return nil, nil
	}
	if p.Plan.Zones == nil {
		return &objection{check: checkPlanDrifted, cause: "the approved plan is not about zone files"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*planTime) // a question may be before it
	defer cancel()
	ask := plan.Ask{Commit: p.Commit, Prefix: p.Prefix, Author: p.Author}
	for _, f := range p.Files {
		ask.Files = append(ask.Files, plan.File{Path: f.Path, SHA256: load.Hash(f.Data), Data: f.Data})
	}
	also := make([]zone.Name, len(p.Plan.Changes))
	for i, c := range p.Plan.Changes {
		also[i] = c.Name
	}
	var drifted []plan.Drifted
	var more int
	for settled := time.Now().Add(planSettle); ; {
		now, err := t.plan(ctx, ask, also...)
		if err != nil {
			return nil, err
		}
		if cause := filesDrifted(p.Plan.Zones, changedFiles(now.files, p.Files)); cause != "" {
			return &objection{check: checkPlanDrifted, cause: cause}, nil
		}
		same, err := t.sameRules(ctx, p.Plan)
		if err != nil {
			return nil, err
		}
		state := plan.Now{Written: now.written, SameRules: same}
		_ = now.each(func(c plan.Change) error { state.Changes = append(state.Changes, c); return nil })
		drifted, more = p.Plan.Drift(state, maxDrifted)
		if len(drifted) == 0 || !same || len(p.Plan.Rules.After) == 0 || !time.Now().Before(settled) {
			break
		}
		select { // the rules of the plan are loaded just now: their records are on their way
		case <-time.After(planPause):
		case <-t.ended:
			return nil, errEnded
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if len(drifted) == 0 {
		return nil, nil
	}
	o := &objection{check: checkPlanDrifted, cause: fmt.Sprintf("%s: %.400s", drifted[0].Name, drifted[0].Text)}
	if n := len(drifted) + more - 1; n > 0 {
		o.cause += fmt.Sprintf("; and %d more", n)
	}
	for _, d := range drifted {
		o.problems = append(o.problems, zone.Problem{Check: checkPlanDrifted, Severity: zone.Error, Name: d.Name.String(), Text: fmt.Sprintf("%.1000s", d.Text),
			Fix: "plan the change again, and have it reviewed"})
	}
	return o, nil
}

// changedFiles gives what a push changes of the loaded files: path -> hash, "" for a file that goes.
func changedFiles(infos map[string]row.FileInfo, files []checkout.File) map[string]string {
	delta := load.Diff(infos, files)
	out := make(map[string]string, len(delta.Changed)+len(delta.Gone))
	for _, f := range delta.Changed {
		out[f.Path] = load.Hash(f.Data)
	}
	for _, path := range delta.Gone {
		out[path] = ""
	}
	return out
}

// filesDrifted names the first file that the push changes otherwise than the approved plan has it; "" for none.
func filesDrifted(approved *plan.Files, pushed map[string]string) string {
	paths := slices.AppendSeq(slices.Collect(maps.Keys(pushed)), maps.Keys(approved.After))
	slices.Sort(paths)
	for _, path := range paths {
		is, changes := pushed[path]
		want, planned := approved.After[path]
		switch {
		case !planned:
			return path + ": the push changes it, the approved plan does not"
		case !changes:
			return path + ": the approved plan changes it, the push does not"
		case is != want:
			return fmt.Sprintf("%s: the push has %s, approved is %s", path, textOf(is), textOf(want))
		}
	}
	return ""
}

// textOf names a text by its hash.
func textOf(hash string) string {
	if hash == "" {
		return "no such file"
	}
	return fmt.Sprintf("text %.12s", hash)
}

// sameRules tells whether all rules are loaded as the plan has them, and as they were when it was made where it changes
// nothing. Rules that it changes and that are not loaded yet, or are held, are not: what is missing for want of them is no
// event's doing.
func (t *term) sameRules(ctx context.Context, p *plan.Plan) (bool, error) {
	if p.Rules == nil {
		return false, nil
	}
	for _, source := range t.cfg.Sources {
		loaded, err := t.rulesOf(ctx, source)
		if err != nil {
			return false, err
		}
		if source != p.Rules.Source && (p.Rules.Source != "" || len(t.cfg.Sources) > 1) {
			if plan.Fingerprint(loaded) != p.Others[source] {
				return false, nil
			}
			continue
		}
		want := maps.Clone(p.Rules.Before)
		if want == nil {
			want = map[string]string{}
		}
		for path, hash := range p.Rules.After {
			if want[path] = hash; hash == "" {
				delete(want, path)
			}
		}
		if !maps.Equal(loaded, want) {
			return false, nil
		}
	}
	return true, nil
}

// rulesOf gives the hashes of a source's loaded rules files.
func (t *term) rulesOf(ctx context.Context, source string) (map[string]string, error) {
	hashes := map[string]string{}
	v, err := table.Read(ctx, t.st, "rules."+source)
	if errors.Is(err, table.ErrNotFound) {
		return hashes, nil
	}
	if err != nil {
		return nil, err
	}
	infos, err := load.Infos(v)
	for path, info := range infos {
		hashes[path] = info.SHA256
	}
	return hashes, err
}
