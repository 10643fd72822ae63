package rules

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"zonecast/internal/leader"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

const (
	maxPlans  = 4                      // that are asked for at once: one is worked out, the others wait
	planTime  = 5 * time.Minute        // for one, waiting included
	planPause = 100 * time.Millisecond // between looks at rules that are being put in force
	maxStops  = 1000                   // contributions that are named as held
)

var errManyPlans = errors.New("others ask for plans too: ask again in some seconds")

// plans is the queue of those who ask what a push would do.
type plans struct {
	places chan struct{}
	turn   chan struct{}
}

func newPlans() plans { return plans{make(chan struct{}, maxPlans), make(chan struct{}, 1)} }

// postPlan answers what loading a rules folder would do to table generated, name by name, and does nothing.
func (s *Stage) postPlan(w http.ResponseWriter, r *http.Request) {
	if source := r.URL.Query().Get("source"); source != "" && source != s.cfg.Source {
		leader.Elsewhere(w, r, s.st, s.host, "rules."+source, "does not run in this process")
		return
	}
	l := s.leading(w, r)
	if l == nil {
		return
	}
	select {
	case s.plans.places <- struct{}{}:
		defer func() { <-s.plans.places }()
	default:
		w.Header().Set("Retry-After", "5")
		service.Fail(w, http.StatusTooManyRequests, errManyPlans)
		return
	}
	ask, err := load.DecodeAsk(service.Body(w, r, load.MaxBody))
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), planTime)
	defer cancel()
	changes, end, err := l.planned(ctx, ask)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer service.Bound(w)()
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	for _, c := range changes {
		n, err := zone.ParseName(c.Key)
		if err != nil { // no row of ours has such a key
			continue
		}
		if enc.Encode(plan.Line{Generated: &plan.Generated{Source: s.cfg.Source, Name: n, Value: c.Value}}) != nil {
			return // nobody reads on; without its last line the answer is known to be cut
		}
	}
	_ = enc.Encode(plan.Line{End: &end})
}

// planned works out what a push would do, when its turn has come: the rows of table generated that it would change, sorted.
func (l *lead) planned(ctx context.Context, ask plan.Ask) (changes []table.Change, end plan.End, err error) {
	select {
	case l.plans.turn <- struct{}{}:
		defer func() { <-l.plans.turn }()
	case <-l.ended:
		return nil, end, errEnded
	case <-ctx.Done():
		return nil, end, ctx.Err()
	}
	var c *lead
	for c == nil {
		busy := false
		if err := l.look(ctx, func() error {
			if busy = len(l.backlog) > 0; !busy { // the rules that are loaded have done their work
				c = l.rehearse()
			}
			return nil
		}); err != nil {
			return nil, end, err
		}
		if busy {
			select {
			case <-time.After(planPause):
			case <-l.ended:
				return nil, end, errEnded
			case <-ctx.Done():
				return nil, end, ctx.Err()
			}
		}
	}
	began := time.Now()
	if changes, end, err = c.foresee(ctx, ask); err == nil {
		l.log.Info("planned", "commit", ask.Commit, "names", len(changes), "took", time.Since(began))
	}
	return changes, end, err
}

// foresee is planned on a rehearsing leader. A folder that is loaded as it is costs nothing.
func (l *lead) foresee(ctx context.Context, ask plan.Ask) (changes []table.Change, end plan.End, err error) {
	infos, err := load.Infos(l.rul)
	if err != nil {
		return nil, end, err
	}
	if end.Loaded, _, err = load.Loaded(l.rul); err != nil {
		return nil, end, err
	}
	end.Files = make(map[string]string, len(infos))
	for path, info := range infos {
		end.Files[path] = info.SHA256
	}
	if ask.Loaded {
		return nil, end, nil
	}
	set, err := load.Asked(l.rul, ask, infos)
	if errors.Is(err, load.ErrUnknownText) {
		return nil, end, &refusal{http.StatusConflict, err}
	}
	if delta := load.Diff(infos, set.Files); err != nil || len(delta.Changed)+len(delta.Gone) == 0 {
		return nil, end, err
	}
	held := maps.Clone(l.heldBy)
	if end.Problems, err = l.perform(ctx, set); err != nil {
		return nil, end, err
	}
	end.Stopped = l.stops(held)
	return l.rehearsal.gen.Changes(), end, nil
}

// stops lists what a load would hold: files and modules, and what of contributions was not held before.
func (l *lead) stops(before map[string]row.Held) (stops []plan.Stop) {
	contributions := 0
	for _, id := range slices.Sorted(maps.Keys(l.heldBy)) {
		h := l.heldBy[id]
		_, listed := before[id]
		switch h.Unit {
		case unitModuleFile:
		case unitModule:
			if _, file := stopped(h); !file && listed {
				continue
			}
		case unitContribution:
			if listed || contributions == maxStops {
				continue
			}
			contributions++
		default:
			continue
		}
		stops = append(stops, plan.Stop{Stage: l.name, Unit: h.Unit, Subject: h.Subject, Check: h.Check, Cause: h.Cause, CanFree: h.CanFree})
	}
	slices.SortFunc(stops, func(a, b plan.Stop) int {
		return cmp.Or(strings.Compare(a.Unit, b.Unit), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Check, b.Check))
	})
	return stops
}
