package publisher

import (
	"net/http"
	"slices"
	"time"

	effect "zonecast/internal/plan" // plan is what the gates made of differences here
	"zonecast/internal/policy"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

// Now is what a release would be judged by at this moment: the gates, and what they compare with. It is the answer of
// GET /v1/gates, so that a plan can say what would be stopped by the very code that would stop it.
type Now struct {
	Gates  Gates          `json:"gates"`
	Checks []string       `json:"checks,omitempty"` // the site's own commands, by name: a plan does not ask them
	Names  map[string]int `json:"names"`            // names with records of every published zone, by apex
	Peaks  map[string]int `json:"peaks,omitempty"`  // the largest number inside a zone's window, where it is larger
	// Policies are the texts of policy.yaml that changes are judged by, by the source whose rules folder has them. A plan that
	// brings another puts it in its place.
	Policies map[string]string `json:"policies,omitempty"`
}

// NowOf is Now with the gates of a configuration, for zones with so many names.
func NowOf(g Gates, names map[string]int) Now {
	n := Now{Gates: g, Names: names}
	for _, c := range g.Checks {
		n.Checks = append(n.Checks, c.Name)
	}
	return n
}

// Judge says what of a plan the gates would stop, zone by zone as the publisher does, in the order of the plan's
// summaries. What a check of the site's own would say is not known.
func (n Now) Judge(p *effect.Plan) []effect.Stop {
	own, lost, bare := n.own(), n.lost(p), withoutSOA(p)
	found := map[zone.Name][]policy.Finding{}
	for _, f := range n.Findings(p) {
		found[f.Zone] = append(found[f.Zone], f)
	}
	var stops []effect.Stop
	stop := func(apex zone.Name, list []verdict) {
		for _, v := range list {
			stops = append(stops, effect.Stop{Stage: owner, Unit: "zone", Subject: apex.String(), Check: v.check, Cause: v.text, CanFree: !v.final})
		}
	}
	all, deleted := 0, 0
	for _, names := range n.Names {
		all += names
	}
	var passing []effect.Summary
	for _, z := range p.Summaries {
		if z.Created+z.Changed+z.Deleted == 0 && !z.Gone && !z.Facts && !z.New {
			continue // what is served stays: there is no release
		}
		s := Summary{New: z.New, Gone: z.Gone, Facts: z.Facts, Names: z.Names, Created: z.Created, Changed: z.Changed, Deleted: z.Deleted}
		if !s.New && !s.Gone {
			s.Peak, s.Lost = max(n.Peaks[z.Zone.String()], s.Names), lost[z.Zone]
			s.Shrink = s.shrink()
		}
		g, special := own[z.Zone]
		if !special {
			g = n.Gates
		}
		list := g.judge(s, bare[z.Zone], false)
		if !s.Gone {
			list = append(list, s.violate(found[z.Zone])...)
		}
		if len(list) > 0 {
			stop(z.Zone, list)
			continue
		}
		passing = append(passing, z)
		deleted += s.Deleted
	}
	if v, over := n.Gates.judgeTotal(all, deleted); over {
		for _, z := range passing {
			if z.Deleted > 0 {
				stop(z.Zone, []verdict{v})
			}
		}
	}
	return stops
}

// own gives the gates of the zones that have limits of their own.
func (n Now) own() map[zone.Name]Gates {
	own := map[zone.Name]Gates{}
	for text, limits := range n.Gates.Zones {
		if apex, err := zone.ParseName(text); err == nil { // a configuration that was checked has no others
			own[apex] = n.Gates.of(limits)
		}
	}
	return own
}

// lost lists the protected RRsets that a plan takes away, by zone: everything at protected names, and SOA and NS at
// every apex.
func (n Now) lost(p *effect.Plan) map[zone.Name][]string {
	protected := map[zone.Name]bool{}
	for _, text := range n.Gates.Protected {
		if name, err := zone.ParseName(text); err == nil {
			protected[name] = true
		}
	}
	lost := map[zone.Name][]string{}
	for _, c := range p.Changes {
		for _, s := range c.Sets {
			keeps := protected[c.Name] || c.Name == c.Zone && (s.Type == zone.TypeSOA || s.Type == zone.TypeNS)
			if s.Before != nil && s.After == nil && keeps {
				lost[c.Zone] = append(lost[c.Zone], c.Name.String()+" "+s.Type.String())
			}
		}
	}
	for _, list := range lost {
		slices.Sort(list)
	}
	return lost
}

// withoutSOA gives the zones whose SOA a plan takes away.
func withoutSOA(p *effect.Plan) map[zone.Name]bool {
	bare := map[zone.Name]bool{}
	for _, c := range p.Changes {
		for _, s := range c.Sets {
			if c.Name == c.Zone && s.Type == zone.TypeSOA && s.Before != nil && s.After == nil {
				bare[c.Zone] = true
			}
		}
	}
	return bare
}

// now is Now of a leader.
func (t *term) now() Now {
	n := NowOf(t.cfg.Gates, make(map[string]int, len(t.c.names)))
	n.Peaks = map[string]int{}
	at := time.Now()
	n.Policies = t.policies.bySource()
	for apex := range t.c.zones {
		names := t.c.names[apex]
		n.Names[apex.String()] = names
		limits, special := t.gates[apex]
		if !special {
			limits = t.cfg.Gates
		}
		if z := t.c.size[apex]; z != nil && z.peak(at, limits.Window, names) > names {
			n.Peaks[apex.String()] = z.peak(at, limits.Window, names)
		}
	}
	return n
}

// getGates answers what a release would be judged by now.
func (s *Stage) getGates(w http.ResponseWriter, r *http.Request) {
	answer := make(chan Now, 1)
	s.askFor(w, r, func(t *term) (func() error, error) { answer <- t.now(); return nil, nil }, func() {
		service.Reply(w, http.StatusOK, <-answer)
	})
}
