package presenter

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

const (
	// maxPlans is how many plans are asked for at once: one is worked out, the others wait.
	maxPlans = 4
	// planTime bounds the making of one, waiting included.
	planTime = 2 * time.Minute
	// planRounds is how often a plan that is overtaken is begun again.
	planRounds = 5
)

var errManyPlans = &refusal{http.StatusTooManyRequests, errors.New("others ask for plans too: ask again in some seconds")}

// plans is the queue of those who ask for a plan.
type plans struct {
	places chan struct{} // of the queue
	asking chan struct{} // who only asks: one of them waits for the turn, so that a push waits for one at most
	turn   chan struct{}
}

func newPlans() plans {
	return plans{make(chan struct{}, maxPlans), make(chan struct{}, 1), make(chan struct{}, 1)}
}

// enter takes a place in the queue, if there is one.
func (q plans) enter() (leave func(), err error) {
	select {
	case q.places <- struct{}{}:
		return func() { <-q.places }, nil
	default:
		return nil, errManyPlans
	}
}

// postPlan answers what loading a folder would do, name by name, and does nothing.
func (s *Stage) postPlan(w http.ResponseWriter, r *http.Request) {
	t := s.leading(w, r)
	if t == nil {
		return
	}
	leave, err := s.plans.enter()
	if err != nil {
		w.Header().Set("Retry-After", "5")
		s.fail(w, r, err)
		return
	}
	defer leave()
	ask, err := load.DecodeAsk(service.Body(w, r, load.MaxBody))
	if err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), planTime)
	defer cancel()
	p, err := t.question(ctx, ask)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer service.Bound(w)()
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	err = p.each(func(c plan.Change) error { // a plan.Line
		line = append(c.Append(append(line[:0], `{"change":`...)), "}\n"...)
		_, err := out.Write(line)
		return err
	})
	if err != nil {
		return // nobody reads on; without its last line the answer is known to be cut
	}
	end := p.end()
	_ = json.NewEncoder(out).Encode(plan.Line{End: &end})
	_ = out.Flush() // as above
}

// question is plan for those who only ask: pushes go first.
func (t *term) question(ctx context.Context, ask plan.Ask) (*planner, error) {
	select {
	case t.plans.asking <- struct{}{}:
		defer func() { <-t.plans.asking }()
		return t.plan(ctx, ask)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// plan works out what a question asks for, when its turn has come. What people wrote at the names also is known then too.
func (t *term) plan(ctx context.Context, ask plan.Ask, also ...zone.Name) (*planner, error) {
	select {
	case t.plans.turn <- struct{}{}:
		defer func() { <-t.plans.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := time.Now()
	defer func() { t.metrics.planned(time.Since(began)) }()
	for range planRounds {
		o, g, err := t.survey(ctx)
		if err != nil {
			return nil, err
		}
		p := newPlanner(o, g, t.cfg, t.log)
		p.also = also
		err = p.run(ctx, ask)
		g.end(ctx)
		if !errors.Is(err, errOvertaken) {
			return p, err
		}
	}
	return nil, errOvertaken
}
