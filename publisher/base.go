package publisher

import (
	"context"
	"slices"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
)

// retryBase is how long after a base that failed the next is tried.
const retryBase = time.Minute

// startBase compiles a base of the version that is served now, in the background, when one is due.
func (t *term) startBase() {
	due := t.deltas >= t.cfg.Bases.Deltas || t.bytes >= t.cfg.Bases.Bytes || time.Since(t.baseAt) >= t.cfg.Bases.Age
	if t.blind != nil || t.back != nil {
		return // what the head's version holds is not known, or not what was served
	}
	if !due || t.building != 0 || t.deltas == 0 || time.Now().Before(t.retryAt) {
		return
	}
	t.building, t.tail = t.head.Version, nil
	view, version, chain, seed, out, shelf := t.view, t.head.Version, t.head.Chain, t.seed, t.built, t.hist.shelf
	go func() {
		start := time.Now()
		base, snap, err := shelf.build(view, version, chain, seed)
		out <- built{base, snap, err, time.Since(start)}
	}()
}

// shelve points the head to a base that was compiled and verified, and trims the log.
func (t *term) shelve(ctx context.Context, b built) error {
	version := t.building
	t.building = 0
	t.sweep()
	if b.err != nil {
		t.m.failed("base")
		t.retryAt, t.tail = time.Now().Add(retryBase), nil
		t.log.Error("a base could not be made; the log is kept", "version", version, "error", b.err)
		return nil
	}
	t.m.base(b.took)
	if b.base.Version < t.head.Base.Version { // a release made a base of its own meanwhile
		t.tail = nil
		return b.snap.Close()
	}
	t.serve(b.base)
	head := t.head
	head.Base = b.base
	if t.fresh() {
		head.AsOf = t.asOf
	}
	if err := t.commit(ctx, time.Now(), t.pub.Begin(), nil, head); err != nil {
		b.snap.Close()
		return err
	}
	view := snapshot.NewView(b.snap)
	for _, d := range t.tail {
		view = view.Apply(d)
	}
	old := t.view
	t.view, t.deltas, t.bytes = view, len(t.tail), 0
	t.tail, t.baseAt = nil, time.Now()
	old.Base().Close()
	t.log.Info("new base", "version", b.base.Version, "names", b.base.Names, "records", b.base.Records, "size", b.base.Size, "took", b.took)
	return t.trim(ctx)
}

// rebased notes that a release came with a base of its own. The old view may still be read by a build in the
// background: its result is dropped, and its file closed, when it comes.
func (t *term) rebased(old *snapshot.View) {
	t.deltas, t.bytes, t.tail, t.baseAt = 0, 0, nil, time.Now()
	if t.building == 0 {
		old.Base().Close()
	} else {
		t.leftover = append(t.leftover, old.Base())
	}
}

// sweep closes the files that no view and no build reads any more.
func (t *term) sweep() {
	for _, snap := range t.leftover {
		snap.Close()
	}
	t.leftover = nil
}

// trim drops log entries that nobody needs: older than the third-last base, and beyond what history asks for. When
// the log nears its bound, history gives way, and then the older bases.
func (t *term) trim(ctx context.Context) error {
	bases := t.state.Bases
	crowded := len(t.entries) >= maxLog*3/4
	if len(bases) < keepBases && !crowded {
		return nil
	}
	keep, count := bases[0].Version, len(t.entries)-t.cfg.History.Releases
	if crowded {
		keep, count = bases[len(bases)-1].Version, len(t.entries)
	}
	old, _ := slices.BinarySearch(t.entries, keep)
	drop := t.entries[:max(0, min(old, count))]
	for len(drop) > 0 {
		part := drop[:min(len(drop), 64)]
		if !crowded {
			entries, err := t.hist.entries(ctx, part)
			if err != nil {
				return err
			}
			young := slices.IndexFunc(entries, func(e release.Entry) bool {
				return time.Since(time.Unix(e.Released, 0)) < t.cfg.History.Age
			})
			if young >= 0 {
				part, drop = part[:young], part[:young]
			}
		}
		if err := t.dropEntries(ctx, part); err != nil {
			return err
		}
		drop = drop[len(part):]
	}
	return t.hist.shelf.prune(t.state.Bases)
}

func (t *term) dropEntries(ctx context.Context, versions []uint64) error {
	if len(versions) == 0 {
		return nil
	}
	ops := make([]store.Op, len(versions))
	for i, v := range versions {
		ops[i] = store.Delete(release.LogPath(v), store.AnyVersion)
	}
	if err := t.st.Multi(ctx, ops...); err != nil {
		return err
	}
	t.entries = t.entries[len(versions):]
	return nil
}
