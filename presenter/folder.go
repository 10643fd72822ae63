package presenter

import (
	"context"
	"errors"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// watch loads the zones folder whenever it changes. What cannot be read is told once and changes nothing.
func (t *term) watch(ctx context.Context) error {
	hints := checkout.Watch(ctx, t.cfg.Zones, t.cfg.Poll)
	var done, told string // the set that was dealt with last; the error that was told last
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hints:
		}
		set, err := checkout.Read(ctx, t.cfg.Zones)
		mark := set.Commit + " " + set.Head
		if err == nil && mark != done {
			if err = t.offer(ctx, set); err == nil {
				done, told = mark, ""
			}
		}
		if err != nil && ctx.Err() == nil {
			if errors.Is(err, errEnded) {
				return nil
			}
			t.metrics.loads.WithLabelValues("failed").Inc()
			if err.Error() != told {
				told = err.Error()
				t.log.Error("the zones folder cannot be loaded: what is loaded stays", "folder", t.cfg.Zones, "error", err)
			}
		}
	}
}

// offer compares a set with what is loaded and loads it. When somebody else loads meanwhile it compares again.
func (t *term) offer(ctx context.Context, set checkout.Set) error {
	for range 3 {
		base, err := t.loadedNow(ctx)
		if err != nil {
			return err
		}
		push := checkout.Compare(ctx, t.cfg.Zones, set, base.Commit, base.Head)
		a, err := t.submit(ctx, push, "folder")
		if errors.Is(err, load.ErrConflict) {
			continue
		}
		t.tell(a.Problems)
		return err
	}
	return load.ErrConflict
}

// loadedNow asks the loop what is loaded.
func (t *term) loadedNow(ctx context.Context) (l row.Load, err error) {
	err = t.do(ctx, func() (err error) {
		l, _, err = load.Loaded(t.zones)
		return err
	})
	return l, err
}

// firstLook loads the folder before the first comparison, so that names need not be merged twice. The watcher comes to it
// again; if it fails here, that is where it is told.
func (t *term) firstLook(ctx context.Context) {
	if t.cfg.Zones == "" {
		return
	}
	set, err := checkout.Read(ctx, t.cfg.Zones)
	if err != nil {
		return
	}
	base, _, err := load.Loaded(t.zones)
	if err != nil {
		return
	}
	a, err := t.push(checkout.Compare(ctx, t.cfg.Zones, set, base.Commit, base.Head), "folder")
	if err != nil {
		t.log.Error("the zones folder cannot be loaded: what is loaded stays", "folder", t.cfg.Zones, "error", err)
	}
	t.tell(a.Problems)
}

func (t *term) tell(problems []zone.Problem) {
	for _, p := range problems {
		t.log.Warn("zone files", "problem", p.Error())
	}
}
