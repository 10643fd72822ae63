package presenter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
	"zonecast/presenter/zonefile"
)

// maxGlassBody bounds a request, in octets: an RRset in text is at most some times 60 KB.
const maxGlassBody = 1 << 20

// postOverride sets a record by hand: break-glass.
func (s *Stage) postOverride(w http.ResponseWriter, r *http.Request) {
	t := s.leading(w, r)
	if t == nil {
		return
	}
	var ask GlassAsk
	dec := json.NewDecoder(service.Body(w, r, maxGlassBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&ask); err != nil {
		service.Fail(w, http.StatusBadRequest, fmt.Errorf("body: %w", err))
		return
	}
	var a GlassAnswer
	err := t.do(r.Context(), func() (err error) {
		a, err = t.override(ask, service.From(r))
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !a.DryRun {
		g := a.record
		s.log.Warn("a record was set by hand", "id", a.ID, "name", g.Name, "type", g.Record.Set.Type, "mode", g.Record.Mode, "until", time.Unix(a.Expires, 0).UTC(),
			"reason", g.Record.Reason, "by", g.By, "from", g.From)
		s.trimDecisions(r.Context())
	}
	service.Reply(w, http.StatusOK, a)
}

// override checks what is asked for and, unless it is only a question, puts it in force with its entry in the log.
func (t *term) override(ask GlassAsk, from string) (a GlassAnswer, err error) {
	if a, err = t.readGlass(ask, from); err != nil {
		return a, err
	}
	if !a.Again && len(t.glass.byID) >= maxGlass {
		return a, &refusal{http.StatusConflict, fmt.Errorf("%d records are set by hand, which is the most there may be: drop some, or bring them into the zone files", maxGlass)}
	}
	n, err := zone.ParseName(a.Name)
	if err != nil {
		return a, err
	}
	before, after, err := t.preview(n, t.glass.with(a.record))
	if err != nil {
		return a, err
	}
	for _, c := range after.Shadowed {
		if c.Origin.File == a.record.Record.File {
			return a, &refusal{http.StatusConflict, fmt.Errorf("%s %s would not be served there: %s", a.Name, c.Set.Type, glassWhy[c.Why])}
		}
	}
	a.Before, a.After = linesOf(n, before), linesOf(n, after)
	if ask.DryRun {
		return a, nil
	}
	t.takenAt(t.at)
	t.setGlass(a.record)
	t.tx.zones.Also(decision.Op(t.decisionOf(decision.Override, a.record, service.Why{Reason: a.record.Record.Reason, By: a.record.By, From: from},
		"until "+time.Unix(a.Expires, 0).UTC().Format(time.RFC3339)+" it stands above everything else: "+cmp.Or(strings.Join(a.After, "; "), "nothing is served"))))
	return a, nil
}

// glassWhy says why a record set by hand would not be served.
var glassWhy = map[string]string{
	merge.WhyCut: "the name is at or below a zone cut", merge.WhyDNAME: "the name is below a DNAME", merge.WhyApex: "this type cannot stand there with regard to the zone's apex",
	merge.WhyChildZone: "the name belongs to a zone further down", merge.WhyCNAME: "a CNAME and other records cannot stand at one name",
	merge.WhyTooLarge: "with it the RRset would be too large", merge.WhyMask: "another record set by hand masks it", merge.WhyOverride: "another record set by hand replaces it",
	merge.WhyExpired: "its time is over",
}

func linesOf(n zone.Name, p row.Presented) []string {
	lines := []string{}
	for _, s := range p.Sets {
		lines = append(lines, s.Lines(n)...)
	}
	return lines[:min(len(lines), 100)]
}

func (t *term) decisionOf(what string, g row.Glass, why service.Why, effect string) decision.Entry {
	typ := g.Record.Set.Type.String()
	if g.Record.Set.Type == zonefile.TypeAny {
		typ = "everything"
	}
	return decision.Entry{At: t.at.Unix(), Stage: owner, What: what, By: why.By, From: why.From, Reason: why.Reason,
		ID: row.GlassFile + g.ID, Unit: "rrset", Subject: g.Name + " " + typ, Check: "override", Effect: effect}
}

var errNoGlass = &refusal{http.StatusNotFound, errors.New("no record is set by hand under this id: zonecast overrides lists them")}

// dropOverride takes a record that was set by hand out of force: {"reason": …, "by": …}.
func (s *Stage) dropOverride(w http.ResponseWriter, r *http.Request) {
	t := s.leading(w, r)
	if t == nil {
		return
	}
	why, err := service.ReadWhy(w, r)
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	id := r.PathValue("id")
	var a GlassAnswer
	err = t.do(r.Context(), func() error {
		g, ok := t.glass.byID[id]
		if !ok {
			return errNoGlass
		}
		n, err := zone.ParseName(g.Name)
		if err != nil {
			return err
		}
		a = GlassAnswer{ID: id, Name: g.Name, Zone: g.Record.Zone, Expires: g.Record.Expires}
		t.dropGlass(id)
		before, after, err := t.preview(n, t.glass.byName[g.Name])
		if err != nil {
			return err
		}
		a.Before, a.After = linesOf(n, before), linesOf(n, after)
		t.tx.zones.Also(decision.Op(t.decisionOf(decision.Drop, g, why, "what was there before is served: "+cmp.Or(strings.Join(a.After, "; "), "nothing"))))
		return nil
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.log.Warn("a record set by hand was dropped", "id", id, "name", a.Name, "reason", why.Reason, "by", why.By, "from", why.From)
	s.trimDecisions(r.Context())
	service.Reply(w, http.StatusOK, a)
}

func (s *Stage) trimDecisions(ctx context.Context) {
	if err := decision.Trim(ctx, s.st); err != nil {
		s.log.Warn("the log of decisions cannot be trimmed", "error", err)
	}
}
