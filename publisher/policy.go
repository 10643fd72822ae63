package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// prefixRules + a source is the table of its rules folder, policy.yaml among them.
const prefixRules = "rules."

// policyAgain is how often zones that a policy holds are judged anew: the policy may have been mended.
const policyAgain = 2 * time.Second

// policies are those of all rules services in the store. A table is looked at again when its head has moved; what cannot be
// read leaves the last good one in force.
type policies struct {
	st     store.Store
	log    *slog.Logger
	seen   map[string]string // table -> commit of its head, as read last
	texts  map[string]string // table -> text in force
	loaded map[string]*policy.Policy
	joined *policy.Policy // nil: there is none
}

func newPolicies(st store.Store, log *slog.Logger) *policies {
	return &policies{st: st, log: log, seen: map[string]string{}, texts: map[string]string{}, loaded: map[string]*policy.Policy{}}
}

// refresh reads what has changed since the last time: a list of tables and a head each, if nothing has.
func (p *policies) refresh(ctx context.Context) error {
	tables, err := table.List(ctx, p.st)
	if err != nil {
		return err
	}
	moved := false
	for _, name := range tables {
		if !strings.HasPrefix(name, prefixRules) {
			continue
		}
		head, err := table.ReadHead(ctx, p.st, name)
		switch {
		case errors.Is(err, table.ErrNotFound) || err == nil && (head.Open && p.seen[name] != "" || head.Commit == p.seen[name]):
			continue // in the middle of a load the policy before it is in force; who starts then takes what there is
		case err != nil:
			return err
		}
		text, err := readPolicy(ctx, p.st, name)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.log.Error("a policy cannot be read: the last good one stays", "table", name, "error", err)
			continue
		}
		if !head.Open {
			p.seen[name] = head.Commit
		}
		moved = p.set(name, text) || moved
	}
	if moved {
		var list []*policy.Policy
		for _, name := range slices.Sorted(maps.Keys(p.loaded)) {
			list = append(list, p.loaded[name])
		}
		p.joined = policy.Join(list...)
		p.log.Info("policies in force", "tables", slices.Sorted(maps.Keys(p.loaded)), "any", p.joined != nil)
	}
	return nil
}

// set puts a text in force, "" for none, and tells whether anything changed by it.
func (p *policies) set(name, text string) bool {
	if text == p.texts[name] {
		return false
	}
	if text == "" {
		delete(p.texts, name)
		delete(p.loaded, name)
		return true
	}
	loaded, problems := policy.Load(checkout.File{Path: policy.File, Data: []byte(text)}, "")
	if loaded == nil { // the loader took it: another version of the program
		p.log.Error("a policy does not load here: the last good one stays", "table", name, "problem", problems[0].Error())
		return false
	}
	p.texts[name], p.loaded[name] = text, loaded
	return true
}

// readPolicy gives the text of a table's policy.yaml, "" without one.
func readPolicy(ctx context.Context, st store.Store, name string) (string, error) {
	rows := lookup{ctx, st, name, new(error)}
	value, ok := rows.Get(row.PrefixFile + policy.File)
	if *rows.err != nil || !ok {
		return "", *rows.err
	}
	var info row.FileInfo
	if err := json.Unmarshal(value, &info); err != nil {
		return "", err
	}
	f, err := load.File(rows, policy.File, info)
	return string(f.Data), errors.Join(*rows.err, err)
}

// lookup reads single rows of a table; the first error stays.
type lookup struct {
	ctx  context.Context
	st   store.Store
	name string
	err  *error
}

func (l lookup) Get(key string) ([]byte, bool) {
	value, ok, err := table.Lookup(l.ctx, l.st, l.name, key)
	if *l.err == nil {
		*l.err = err
	}
	return value, ok
}

// readPolicies puts the policies of the store in force for the release that is due. What was served and is not known any more is
// published again as it is presented: it is not new to anybody.
func (t *term) readPolicies(ctx context.Context) error {
	if err := t.policies.refresh(ctx); err != nil {
		return fmt.Errorf("policies: %w", err)
	}
	now := t.policies.joined
	if t.blind != nil {
		now = nil
	}
	if now == t.c.policy {
		return nil
	}
	t.c.obey(now)
	return t.recallCauses(ctx)
}

// recallCauses finds out who causes the differences that were noted before there was a policy.
func (t *term) recallCauses(ctx context.Context) error {
	if t.c.policy == nil {
		return nil
	}
	var rows getter
	for _, u := range t.c.units {
		for n, d := range u.names {
			if d.known {
				continue
			}
			if rows == nil {
				view, err := table.Read(ctx, t.st, tablePresented)
				if err != nil {
					return fmt.Errorf("table %s: %w", tablePresented, err)
				}
				rows = view
			}
			d.known = true
			if value, ok := rows.Get(n.String()); ok {
				if p, err := row.DecodePresented(value); err == nil && zone.SetsEqual(p.Sets, d.sets) { // else its change is under way
					d.causes = t.c.causes(p.Claims)
				}
			}
			u.names[n] = d
		}
	}
	return nil
}

// obey judges all differences anew, by p.
func (c *content) obey(p *policy.Policy) {
	c.policy, c.origins = p, map[row.Origin]*row.Origin{}
	for _, u := range c.units {
		u.found, u.unjudged = nil, nil
		if p != nil {
			for n := range u.names {
				u.judgeLater(n)
			}
		}
	}
}

// maxOrigins bounds the memory of origins that many differences share.
const maxOrigins = 10_000

// causes reduces claims to what a policy asks for. Most names share theirs.
func (c *content) causes(claims []row.Claim) []policy.Cause {
	return c.policy.Causes(claims, func(o row.Origin) *row.Origin {
		had := c.origins[o]
		if had == nil {
			if len(c.origins) >= maxOrigins {
				clear(c.origins)
			}
			had = &o
			c.origins[o] = had
		}
		return had
	})
}

func (u *unit) judgeLater(n zone.Name) {
	if u.unjudged == nil {
		u.unjudged = map[zone.Name]bool{}
	}
	u.unjudged[n] = true
}

// judgePolicy gives the findings of u, sorted: its differences that are new since the last time are judged, each once.
func (c *content) judgePolicy(u *unit, now time.Time) []policy.Finding {
	if c.policy == nil {
		return nil
	}
	j := c.policy.NewJudge(now)
	for n := range u.unjudged {
		d := u.names[n]
		apex := d.apex
		if d.kind == deleted {
			apex = d.was
		}
		list := j.JudgeName(policy.Name{Zone: apex, Name: n, Before: c.published(n).Sets, After: d.sets, Causes: d.causes}, d.kind == changed && d.was != d.apex)
		if len(list) == 0 {
			continue
		}
		if u.found == nil {
			u.found = map[zone.Name][]policy.Finding{}
		}
		u.found[n] = list
		for _, f := range list {
			c.finding(f)
		}
	}
	u.unjudged = nil
	var all []policy.Finding
	for _, list := range u.found {
		all = append(all, list...)
	}
	return all
}

// maxViolations is how many a held item lists, and how many its cause names.
const (
	maxViolations = 200
	maxNamed      = 3
)

// violate notes the findings that stop a zone, and gives the verdict on them.
func (s *Summary) violate(found []policy.Finding) (stopped []verdict) {
	found = slices.DeleteFunc(slices.Clone(found), func(f policy.Finding) bool { return f.Severity != zone.Error })
	slices.SortFunc(found, policy.Finding.Compare)
	for i, f := range found {
		text := fmt.Sprintf("%s %s: %s (policy %s)", f.Name, f.Type, f.Text, f.Rule)
		if i < maxNamed {
			stopped = append(stopped, verdict{check: policy.Check, text: text})
		}
		if i < maxViolations {
			s.Violations = append(s.Violations, fmt.Sprintf("%s %s %s", f.Name, f.Type, f.Rule))
		}
	}
	if more := len(found) - maxNamed; more > 0 {
		stopped = append(stopped, verdict{check: policy.Check, text: fmt.Sprintf("%d more violations of the policy", more)})
	}
	s.Violated = len(found)
	return stopped
}
