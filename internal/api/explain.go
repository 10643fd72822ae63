package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"zonecast/internal/alarm"
	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// Explanation says what is served at a name, why, and what is not.
type Explanation struct {
	Name     zone.Name   `json:"name"`
	Type     string      `json:"type,omitempty"` // as asked; "" is every type
	Zone     zone.Name   `json:"zone,omitempty"`
	Verdict  string      `json:"verdict"`             // one line for people
	AnswerBy zone.Name   `json:"answer_by,omitempty"` // the wildcard that answers for the name
	Served   []ServedSet `json:"served"`
	Shadowed []Cause     `json:"shadowed,omitempty"`
	Waiting  []Waiting   `json:"waiting,omitempty"` // decided by the presenter, not yet or not to be released
	Held     []row.Held  `json:"held,omitempty"`    // held items that concern the name

	Back *release.Rollback `json:"rolled_back,omitempty"` // the rollback that Waiting waits for
}

// ServedSet is one RRset of the newest release.
type ServedSet struct {
	Set    zone.RRset `json:"set"`
	Lines  []string   `json:"lines"`
	Since  Since      `json:"since"`
	Causes []Cause    `json:"causes"` // empty while the presenter wants something else: see Waiting
}

// Since is the release that last changed the name.
type Since struct {
	Version  uint64 `json:"version"`
	Released int64  `json:"released,omitempty"` // Unix seconds; 0 when the log does not reach back so far
}

// Cause is a claim with its place.
type Cause struct {
	row.Claim
	Lines  []string `json:"lines"`
	By     *Cause   `json:"by,omitempty"`   // of a shadowed claim: the human record that overrides it
	File   string   `json:"file,omitempty"` // path in the repository
	Line   int      `json:"line,omitempty"`
	Column int      `json:"column,omitempty"`
}

// Waiting is a difference between what the presenter decided and what is released.
type Waiting struct {
	Type  zone.Type `json:"type"`
	Lines []string  `json:"lines"` // what it is to be; none: it is to go
}

// state is what the tables say of one name.
type state struct {
	published, presented bool
	pub                  row.Published
	pre                  row.Presented
}

func (a *API) explain(r *http.Request) (any, error) {
	name, err := nameParam(r)
	if err != nil {
		return nil, err
	}
	e := Explanation{Name: name, Served: []ServedSet{}}
	if text := r.URL.Query().Get("type"); text != "" && !strings.EqualFold(text, "ANY") {
		t, ok := zone.ParseType(text)
		if !ok {
			return nil, usage("%v", &zone.UnknownTypeError{Text: text})
		}
		e.Type = t.String()
	}
	s, err := a.look(r.Context(), name)
	if err != nil {
		return nil, err
	}
	if err := a.fill(r.Context(), &e, name, s); err != nil {
		return nil, err
	}
	if err := a.verdict(r.Context(), &e, s); err != nil {
		return nil, err
	}
	if len(e.Waiting) > 0 {
		if e.Back, err = alarm.InForce(r.Context(), a.st); err != nil {
			return nil, err
		}
	}
	e.Held, err = a.heldAt(r, e)
	return e, err
}

func (a *API) look(ctx context.Context, name zone.Name) (s state, err error) {
	value, ok, err := a.lookup(ctx, "published", name.String())
	if err != nil {
		return s, err
	}
	if s.published = ok; ok {
		if s.pub, err = row.DecodePublished(value); err != nil {
			return s, err
		}
	}
	value, ok, err = a.lookup(ctx, "presented", name.String())
	if err != nil {
		return s, err
	}
	if s.presented = ok; ok {
		s.pre, err = row.DecodePresented(value)
	}
	return s, err
}

func (a *API) lookup(ctx context.Context, name, key string) ([]byte, bool, error) {
	value, ok, err := table.Lookup(ctx, a.st, name, key)
	if errors.Is(err, table.ErrNotFound) {
		return nil, false, nil
	}
	return value, ok, err
}

// fill lists what is served with its causes, what is shadowed, and what differs from the release.
func (a *API) fill(ctx context.Context, e *Explanation, at zone.Name, s state) error {
	wanted := func(t zone.Type) bool { return e.Type == "" || e.Type == t.String() || t == zone.TypeCNAME }
	e.Zone = s.pub.Zone
	if e.Zone == "" {
		e.Zone = s.pre.Zone
	}
	places := a.places()
	causes, err := places.causes(ctx, at, s.pre.Claims)
	if err != nil {
		return err
	}
	since := Since{Version: s.pub.Since}
	if n, err := a.st.Get(ctx, release.LogPath(since.Version)); err == nil {
		if entry, err := release.DecodeEntry(n.Data); err == nil {
			since.Released = entry.Released
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, set := range s.pub.Sets {
		if !wanted(set.Type) {
			continue
		}
		served := ServedSet{Set: set, Lines: set.Lines(at), Since: since}
		if now, ok := zone.FindSet(s.pre.Sets, set.Type); ok && now.Equal(set) {
			served.Causes = ofType(causes, set.Type)
		} else if ok {
			e.Waiting = append(e.Waiting, Waiting{set.Type, now.Lines(at)})
		} else {
			e.Waiting = append(e.Waiting, Waiting{Type: set.Type})
		}
		e.Served = append(e.Served, served)
	}
	for _, set := range s.pre.Sets {
		if _, ok := zone.FindSet(s.pub.Sets, set.Type); !ok && wanted(set.Type) {
			e.Waiting = append(e.Waiting, Waiting{set.Type, set.Lines(at)})
		}
	}
	shadowed := slices.DeleteFunc(slices.Clone(s.pre.Shadowed), func(c row.Claim) bool { return !wanted(c.Set.Type) })
	if e.Shadowed, err = places.causes(ctx, at, shadowed); err != nil {
		return err
	}
	for i := range e.Shadowed {
		e.Shadowed[i].By = overrider(e.Shadowed[i].Claim, causes)
	}
	return nil
}

// overrider finds the human record in force that a claim gave way to: one for its type, for the whole name, or a
// CNAME. What is shadowed for another reason than a record beside it gave way to nobody.
func overrider(lost row.Claim, causes []Cause) *Cause {
	if !slices.Contains([]string{"override", "mask", "conflict", "cname"}, lost.Why) {
		return nil
	}
	for i, c := range causes {
		if c.Origin.Human() && (c.Set.Type == lost.Set.Type || c.Origin.Scope == "name" || c.Set.Type == zone.TypeCNAME) {
			return &causes[i]
		}
	}
	return nil
}

func ofType(causes []Cause, t zone.Type) (list []Cause) {
	for _, c := range causes {
		if c.Set.Type == t {
			list = append(list, c)
		}
	}
	return list
}

// verdict says in one line what a client gets, also where the name itself has no row.
func (a *API) verdict(ctx context.Context, e *Explanation, s state) error {
	switch {
	case s.pub.Zone != e.Name && delegates(s.pub.Sets) && e.Type != zone.TypeDS.String():
		e.Verdict = "delegated: a zone cut, clients are referred to its name servers"
	case len(e.Served) > 0:
		e.Verdict = "served"
	case len(s.pub.Sets) > 0:
		e.Verdict = "the name exists, without records of this type (NODATA)"
	case len(s.pre.Sets) > 0:
		e.Verdict = "not released yet"
	case len(s.pre.Shadowed) > 0:
		e.Verdict = "nothing is served: every claim is " + whyOf(s.pre.Shadowed)
	default:
		return a.absent(ctx, e)
	}
	return nil
}

func delegates(sets []zone.RRset) bool {
	_, ok := zone.FindSet(sets, zone.TypeNS)
	return ok
}

func whyOf(claims []row.Claim) string {
	var whys []string
	for _, c := range claims {
		if c.Why != "" && !slices.Contains(whys, c.Why) {
			whys = append(whys, c.Why)
		}
	}
	if slices.Equal(whys, []string{"mask"}) {
		return "masked"
	}
	return "shadowed (" + strings.Join(whys, ", ") + ")"
}

// absent explains a name without records: the wildcard that answers, the zone cut above, an empty non-terminal,
// or that it does not exist. Only the last two need a look at more than a few rows.
func (a *API) absent(ctx context.Context, e *Explanation) error {
	v, err := a.read(ctx, "published")
	if err != nil {
		return err
	}
	if v == nil {
		e.Verdict = "nothing has been released yet"
		return nil
	}
	apex, ok := apexOf(v, e.Name)
	if !ok {
		e.Verdict = "outside every zone: the proxy is not authoritative for it"
		return nil
	}
	e.Zone = apex
	below, encloser := closest(v, e.Name, apex)
	if below {
		e.Verdict = "an empty non-terminal: no records here, but names below (NODATA)"
		return nil
	}
	for cut := e.Name.Parent(); cut.Under(apex) && cut != apex; cut = cut.Parent() {
		s, err := a.look(ctx, cut)
		if err != nil {
			return err
		}
		if _, ok := zone.FindSet(s.pub.Sets, zone.TypeNS); ok {
			e.Verdict = fmt.Sprintf("delegated: below the zone cut at %s", cut)
		} else if _, ok := zone.FindSet(s.pub.Sets, zone.TypeDNAME); ok {
			e.Verdict = fmt.Sprintf("redirected by the DNAME at %s", cut)
		}
	}
	if e.Verdict != "" {
		return nil
	}
	wildcard, err := encloser.Child("*")
	if err != nil {
		e.Verdict = "does not exist (NXDOMAIN)"
		return nil
	}
	s, err := a.look(ctx, wildcard)
	if err != nil {
		return err
	}
	if !s.published || len(s.pub.Sets) == 0 {
		e.Verdict = "does not exist (NXDOMAIN)"
		return nil
	}
	e.AnswerBy = wildcard
	if err := a.fill(ctx, e, wildcard, s); err != nil {
		return err
	}
	e.Verdict = fmt.Sprintf("served by the wildcard %s", wildcard)
	if len(e.Served) == 0 {
		e.Verdict = fmt.Sprintf("the wildcard %s has no records of this type (NODATA)", wildcard)
	}
	return nil
}

func apexOf(v *table.View, n zone.Name) (zone.Name, bool) {
	for ; n != ""; n = n.Parent() {
		if _, ok := v.Get(row.ZoneKey(n)); ok {
			return n, true
		}
	}
	return "", false
}

// closest gives the closest encloser of n (RFC 4592 3.3.1), and whether there are names below n.
func closest(v *table.View, n, apex zone.Name) (below bool, encloser zone.Name) {
	encloser = apex
	for key := range v.All() {
		other, err := zone.ParseName(key)
		if err != nil || !other.Under(apex) {
			continue
		}
		if other != n && other.Under(n) {
			return true, n
		}
		for up := n.Parent(); len(up) > len(encloser); up = up.Parent() {
			if other.Under(up) {
				encloser = up
			}
		}
	}
	return false, encloser
}

// heldAt lists held items that speak of the name or its zone, or of the modules and entities behind what stands there.
func (a *API) heldAt(r *http.Request, e Explanation) (list []row.Held, err error) {
	words := []string{e.Name.String()}
	if e.Zone != "" {
		words = append(words, e.Zone.String())
	}
	behind := e.Shadowed
	for _, s := range e.Served {
		behind = slices.Concat(behind, s.Causes)
	}
	err = a.held(r, func(v any) error {
		h := v.(row.Held)
		about := func(word string) bool { return slices.Contains(strings.Fields(h.Subject), word) }
		made := func(c Cause) bool {
			return h.Owner == "rules."+c.Origin.Source && (h.Unit == "module" && h.Subject == c.Origin.Module ||
				h.Unit == "contribution" && h.Subject == c.Origin.Module+" "+c.Origin.Entity)
		}
		if slices.ContainsFunc(words, about) || slices.ContainsFunc(behind, made) {
			list = append(list, h)
		}
		return nil
	})
	return list, err
}
