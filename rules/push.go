package rules

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

// push takes a set of rules files, from PUT /v1/rules or the watched folder.
func (l *lead) push(ctx context.Context, p checkout.Push, by string) (load.Answer, error) {
	wrote, err := l.wroteSince(ctx, p.Plan)
	if err != nil {
		return load.Answer{}, err
	}
	for range trialRounds {
		t, err := l.try(ctx, p.Set, func() (bool, error) {
			current, ok, err := load.Loaded(l.rul)
			if err != nil {
				return false, err
			}
			if status, _ := load.Decide(p, current, ok); status != load.StatusLoaded { // what is wrong with it is said when it is applied
				return false, nil
			}
			infos, err := load.Infos(l.rul)
			if err != nil {
				return false, err
			}
			check, _, _ := l.reviewed(p, infos, wrote)
			return check == "", nil
		})
		var a load.Answer
		if err == nil {
			err = l.do(ctx, &job{run: func(_ context.Context, b *batch) (err error) {
				a, err = b.applyPush(p, by, t, wrote)
				return err
			}})
		}
		switch {
		case errors.Is(err, errStale):
			continue
		case err != nil:
			return load.Answer{}, err // the job may be under way still: a is not ours to read
		}
		return a, nil
	}
	return load.Answer{}, &refusal{http.StatusConflict, errStale}
}

func (b *batch) applyPush(p checkout.Push, by string, t *trial, wrote drift) (a load.Answer, err error) {
	current, ok, err := load.Loaded(b.l.rul)
	if err != nil {
		return a, err
	}
	switch a.Status, err = load.Decide(p, current, ok); {
	case errors.Is(err, load.ErrConflict):
		return a, &refusal{http.StatusConflict, err}
	case err != nil:
		return a, err
	case a.Status == load.StatusUnchanged:
		b.dropPush()
		return a, nil
	case a.Status == load.StatusHeld:
		a.HeldID = b.holdPush(p, "not-descending", fmt.Sprintf("commit %.12s does not descend from the loaded %.12s", p.Commit, current.Commit), nil)
		return a, nil
	}
	infos, err := load.Infos(b.l.rul)
	if err != nil {
		return a, err
	}
	if check, cause, listed := b.l.reviewed(p, infos, wrote); check != "" {
		a.Status, a.HeldID, a.Problems = load.StatusHeld, b.holdPush(p, check, cause, listed), listed
		return a, nil
	}
	if t == nil { // it was to be held, or there was nothing to do, when it was looked at
		return a, errStale
	}
	a.Problems, err = b.loadRules(p.Set, by, nil, t)
	return a, err
}

func (b *batch) holdPush(p checkout.Push, check, cause string, problems []zone.Problem) string {
	load.PutPending(b.rul, p)
	h := row.Held{Unit: unitPush, Subject: "rules", Check: check, CanFree: true, Cause: cause, Problems: problems,
		Effect: "the loaded rules stay; a release loads the pushed ones instead"}
	id := row.HeldID(b.l.name, unitPush, h.Subject, p.Commit)
	b.dropUnit(unitPush, h.Subject, id)
	return b.putHeld(h, p.Commit)
}

func (b *batch) dropPush() {
	load.DropPending(b.rul)
	b.dropUnit(unitPush, "rules", "")
}

// freePush loads a held push. Its modules are tried as any others are.
func (l *lead) freePush(ctx context.Context, h row.Held, why service.Why) error {
	for range trialRounds {
		var p checkout.Push
		if err := l.look(ctx, func() (err error) {
			var ok bool
			if p, ok, err = load.Pending(l.rul); err != nil || !ok {
				err = errors.Join(errors.New("the held push is damaged: push again"), err)
			}
			return err
		}); err != nil {
			return err
		}
		t, err := l.try(ctx, p.Set, func() (bool, error) { return true, nil })
		if err == nil {
			err = l.do(ctx, &job{run: func(_ context.Context, b *batch) error {
				if err := b.letGo(h, why); err != nil {
					return err
				}
				_, err := b.loadRules(p.Set, "push", nil, t)
				return err
			}})
		}
		if !errors.Is(err, errStale) {
			return err
		}
	}
	return errStale
}
