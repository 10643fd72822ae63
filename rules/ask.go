package rules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/rules/maker"
	"zonecast/rules/process"
)

// Programs are asked beside the loop, which waits for none: an entity's other modules are evaluated and committed at once, what a
// program gives follows in a commit of its own. Until then its row says that it waits, so that no restart forgets it, and what was given before stays (P3).

// waiting is the entities that one program is to be asked about. Only the loop touches it, but for wake.
type waiting struct {
	keys  []string
	tried map[string]bool // by key: whether the guard has seen what it is asked for, as entityState.tried
	wake  chan struct{}   // there is something to ask
	blame map[string]*blame
	most  int // entities that are asked about at once: what is slow answers fewer, so that later events do not wait for long
}

// blame is an entity at which a program failed. The second time it is held, so that the others get their turn.
type blame struct {
	count int
	again time.Time // when it is tried once more
}

const (
	askAtOnce  = 2000 // entities under way with a program that is quick
	askAtLeast = 16   // with a slow one: as many as it may have workers
	askQuick   = time.Second
	askSlow    = 5 * time.Second
	askPause   = 50 * time.Millisecond
	blameFirst = 30 * time.Second // doubled each time, up to
	blameMost  = time.Hour
)

func newWaiting() *waiting {
	return &waiting{tried: map[string]bool{}, wake: make(chan struct{}, 1), blame: map[string]*blame{}, most: 8 * askAtLeast}
}

// pace chooses how many are asked about at once next, by how long the last ones took.
func (w *waiting) pace(took time.Duration) {
	switch {
	case took < askQuick:
		w.most = min(2*w.most, askAtOnce)
	case took > askSlow:
		w.most = max(w.most/4, askAtLeast)
	}
}

// wait has a program asked about an entity.
func (l *lead) wait(program, key string, tried bool) {
	w := l.waits[program]
	if w == nil {
		return // a module that names it would not have loaded
	}
	if before, already := w.tried[key]; already {
		w.tried[key] = before && tried
		return
	}
	w.tried[key] = tried
	w.keys = append(w.keys, key)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// round is what a program is asked at once.
type round struct {
	engine   *engine
	entities []asked
	requests []maker.Request
	began    time.Time
}

type asked struct {
	key   string
	attrs []byte // as they were when it was asked
	tried bool
	from  int // of its requests, one for each module
	count int
}

// askProgram asks one program for what waits for it, whenever it is up, until ctx ends.
func (l *lead) askProgram(ctx context.Context, name string, pool *process.Pool) error {
	wake := l.waits[name].wake
	for {
		state, changed := pool.State()
		if state.Up {
			if err := l.announce(ctx, name, state.Version); err != nil {
				return err
			}
			if err := l.askAll(ctx, name, pool); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-wake:
		}
	}
}

// askAll works the waiting entities off, until there are none or the program fails.
func (l *lead) askAll(ctx context.Context, name string, pool *process.Pool) error {
	for {
		var r round
		if err := l.look(ctx, func() error { r = l.takeWaiting(name); return nil }); err != nil {
			return err
		}
		if len(r.entities) == 0 {
			return nil
		}
		answers := pool.Ask(ctx, r.requests)
		if err := l.insist(ctx, &job{run: func(_ context.Context, b *batch) error { b.answered(name, r, answers); return nil }}); err != nil {
			return err
		}
		if slices.ContainsFunc(answers, func(a maker.Answer) bool { return errors.Is(a.Err, maker.ErrUnanswered) }) {
			select { // one of several workers may be down
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(askPause):
			}
			if state, _ := pool.State(); !state.Up {
				return nil
			}
		}
	}
}

// takeWaiting takes the next entities that wait for a program.
func (l *lead) takeWaiting(name string) round {
	r, w, b := round{engine: l.engine, began: time.Now()}, l.waits[name], l.begin()
	keys := w.keys[:min(w.most, len(w.keys))]
	if w.keys = w.keys[len(keys):]; len(w.keys) == 0 {
		w.keys = nil
	}
	wants := make([][]maker.Request, len(keys))
	for _, key := range keys {
		b.entity(key)
	}
	l.parallel(len(keys), func(worker *worker, i int) {
		e := b.entities[keys[i]]
		if !e.ok || e.row.Gone() {
			return
		}
		c, err := l.engine.checked(e)
		if err != nil {
			return // held by its kind
		}
		for _, m := range l.engine.modules[c.Kind] {
			if m.Process != name {
				continue
			}
			if request, ok, err := m.Request(worker, c); ok && err == nil {
				wants[i] = append(wants[i], request)
			}
		}
	})
	for i, key := range keys {
		if len(wants[i]) > 0 {
			r.entities = append(r.entities, asked{key: key, attrs: b.entities[key].row.Attrs, tried: w.tried[key], from: len(r.requests), count: len(wants[i])})
			r.requests = append(r.requests, wants[i]...)
		}
		delete(w.tried, key)
		if e := b.entities[key]; !e.ok || e.row.Gone() {
			delete(w.blame, key)
		}
	}
	return r
}

// answered writes what a program gave. An entity that changed meanwhile waits again already; what the program did not
// come to is asked once more.
func (b *batch) answered(name string, r round, answers []maker.Answer) {
	l, w := b.l, b.l.waits[name]
	w.pace(b.now.Sub(r.began))
	var list []*entityState
	for _, a := range r.entities {
		e := b.entity(a.key)
		if !e.ok || e.row.Gone() || !bytes.Equal(e.row.Attrs, a.attrs) {
			continue
		}
		if l.engine != r.engine {
			l.wait(name, a.key, a.tried)
			continue
		}
		e.answers = map[string]maker.Answer{}
		again := false
		for i := a.from; i < a.from+a.count; i++ {
			if again = again || b.unanswered(w, a.key, answers[i].Err); !again {
				e.answers[r.requests[i].Module] = answers[i]
			}
		}
		if again {
			e.answers = nil
			l.wait(name, a.key, a.tried)
			continue
		}
		e.tried, e.changed = a.tried, true
		b.order = append(b.order, e)
		list = append(list, e)
	}
	b.evaluate(list)
}

// unanswered tells whether a request is to be made again at once.
func (b *batch) unanswered(w *waiting, key string, err error) bool {
	if !errors.Is(err, maker.ErrBlamed) {
		if !errors.Is(err, maker.ErrUnanswered) {
			delete(w.blame, key)
			return false
		}
		return true
	}
	bl := w.blame[key]
	if bl == nil {
		bl = &blame{}
		w.blame[key] = bl
	}
	if bl.count++; bl.count < 2 {
		return true
	}
	bl.again = b.now.Add(min(blameFirst<<min(bl.count-2, 10), blameMost))
	return false
}

// retryBlamed asks again, with each beat, for those whose time has come.
func (l *lead) retryBlamed(now time.Time) {
	for name, w := range l.waits {
		for key, bl := range w.blame {
			if bl.count > 1 && now.After(bl.again) {
				bl.again = now.Add(blameMost)
				l.wait(name, key, false)
			}
		}
	}
}

// failing is from how many failures in a row on a program is listed: starting it again often helps.
const failing = 3

// showPrograms lists the programs that do not run, with each beat.
func (b *batch) showPrograms() {
	for id, h := range b.l.heldBy {
		if h.Unit == unitProcess && b.l.programs[h.Subject] == nil { // the config has it no more
			b.dropHeld(id)
		}
	}
	for name, pool := range b.l.programs {
		state, _ := pool.State()
		if state.Failures < failing {
			b.dropUnit(unitProcess, name, "")
			continue
		}
		b.putHeld(row.Held{Unit: unitProcess, Subject: name, Check: "process-down", Cause: service.OneLine(state.Cause),
			Effect: fmt.Sprintf("it is started again and again; %d entities wait for it and keep their last good records", len(b.l.waits[name].tried))}, "")
	}
}

// announce learns a program's version. With another one than before its modules have changed: they are tried, and all their
// entities are evaluated again.
func (l *lead) announce(ctx context.Context, name, version string) error {
	known := false
	err := l.look(ctx, func() error {
		if known = l.versions[name] == version; !known {
			l.versions[name] = version
		}
		return nil
	})
	if err != nil || known {
		return err
	}
	l.log.Info("program ready", "process", name, "version", version)
	return l.tryInForce(ctx, func() bool {
		return slices.ContainsFunc(l.engine.set.Modules(), func(m *module) bool { return m.Process == name })
	})
}

// recallWaiting has programs asked for what they owed an earlier leader. What they failed at is tried again too.
func (l *lead) recallWaiting() {
	programs := map[string]string{}
	for _, m := range l.engine.set.Modules() {
		if m.Process != "" {
			programs[m.Name] = m.Process
		}
	}
	for _, owed := range l.owed {
		if program := programs[owed.module]; program != "" {
			l.wait(program, owed.key, false) // nobody has seen what it answers: the guard looks at it
		}
	}
	l.owed = nil
}

// owed is a module's contribution that waited, or was held, when an earlier term ended.
type owed struct{ key, module string }
