package presenter

import (
	"context"
	"errors"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

// watch loads the zones folder whenever it changes. What cannot be read is told once and changes nothing.
func (t *term) watch(ctx context.Context) error {
	select {
	case <-t.opened:
	case <-ctx.Done():
		return ctx.Err()
	}
	hints := checkout.Watch(ctx, t.cfg.Zones, t.cfg.Poll)
	var done string // the set that was dealt with last
	told := "\x00"  // the error that was told last; at first that of an earlier term may stand in the list
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
				done = mark
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errEnded):
			return nil
		case err != nil:
			t.metrics.loads.WithLabelValues("failed").Inc()
		}
		if now := text(err); now != told {
			if err := t.do(ctx, func() error { t.noteFolder(now); return nil }); err != nil {
				return err
			}
			told = now
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return service.OneLine(err.Error())
}

// noteFolder lists that the folder cannot be loaded, or with an empty text that it can be again.
func (t *term) noteFolder(fault string) {
	for id := range t.heldBy(unitFolder) {
		t.tx.held.Delete(id)
	}
	if fault == "" {
		return
	}
	t.log.Error("the zones folder cannot be loaded: what is loaded stays", "folder", t.cfg.Zones, "error", fault)
	t.hold(row.Held{Unit: unitFolder, Subject: "zones", Check: "folder-unreadable", Cause: fault,
		Effect: "the loaded zones stay as they are; changes in the folder do not show until it can be read"}, "")
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
	a, err := t.push(checkout.Compare(ctx, t.cfg.Zones, set, base.Commit, base.Head), "folder", nil)
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
