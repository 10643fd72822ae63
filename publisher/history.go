package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
)

// state is what a later leader needs to know and the head does not say.
type state struct {
	Bases  []release.Base    `json:"bases"`             // the newest keepBases, oldest first
	Frozen *release.Rollback `json:"frozen,omitempty"`  // rolled back, until resumed
	ByHand []string          `json:"by_hand,omitempty"` // names at which a record that was set by hand is published, sorted
}

// withBase is the state after one more base.
func (s state) withBase(b release.Base) state {
	bases := append(slices.Clone(s.Bases), b)
	if len(bases) > keepBases {
		bases = bases[len(bases)-keepBases:]
	}
	s.Bases = bases
	return s
}

// history reads the releases in the store.
type history struct {
	st     store.Store
	stream string
	keys   []release.VerifyKey
	shelf  *shelf
}

// head reads the stream's head; ok is false when there is none.
func (h history) head(ctx context.Context) (head release.Head, ok bool, err error) {
	node, err := h.st.Get(ctx, release.HeadPath(h.stream))
	if errors.Is(err, store.ErrNotFound) {
		return head, false, nil
	}
	if err != nil {
		return head, false, err
	}
	head, err = release.Open(node.Data, h.keys)
	if errors.Is(err, release.ErrSignature) {
		err = fmt.Errorf("%w; if the key was changed, add the old public key to known_keys", err)
	}
	return head, err == nil, err
}

func (h history) state(ctx context.Context) (s state, exists bool, err error) {
	node, err := h.st.Get(ctx, release.PathState)
	if errors.Is(err, store.ErrNotFound) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	if err := json.Unmarshal(node.Data, &s); err != nil {
		return s, true, fmt.Errorf("%s: %w", release.PathState, err)
	}
	return s, true, nil
}

// versions lists the log, oldest first.
func (h history) versions(ctx context.Context) ([]uint64, error) {
	children, err := h.st.Children(ctx, release.PathLog)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	versions := make([]uint64, 0, len(children))
	for _, name := range children {
		v, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s/%s is no version", release.PathLog, name)
		}
		versions = append(versions, v)
	}
	slices.Sort(versions)
	return versions, nil
}

// errNoHistory is a version whose content cannot be put together any more from files and log here.
var errNoHistory = errors.New("base file or log entries are missing")

// at puts together what was served at a version, from the nearest base on this disk and the deltas after it, and checks
// the chain on the way. It gives the chain at that version too.
func (h history) at(ctx context.Context, version uint64, bases []release.Base) (*snapshot.View, release.Hash, error) {
	base, snap, ok := h.nearest(version, bases)
	if !ok {
		return nil, release.Hash{}, fmt.Errorf("version %d: %w", version, errNoHistory)
	}
	view, chain, err := h.replay(ctx, snapshot.NewView(snap), base, version)
	if err != nil {
		snap.Close()
	}
	return view, chain, err
}

func (h history) nearest(version uint64, bases []release.Base) (release.Base, *snapshot.Snapshot, bool) {
	for _, b := range slices.Backward(bases) {
		if b.Version > version {
			continue
		}
		if snap, err := h.shelf.open(b); err == nil {
			return b, snap, true
		}
	}
	return release.Base{}, nil, false
}

// replay applies the log after base up to version.
func (h history) replay(ctx context.Context, view *snapshot.View, base release.Base, version uint64) (*snapshot.View, release.Hash, error) {
	chain, at := base.Chain, base.Version
	versions, err := h.versions(ctx)
	if err != nil {
		return nil, chain, err
	}
	from, _ := slices.BinarySearch(versions, base.Version+1)
	to, _ := slices.BinarySearch(versions, version+1)
	const step = 64 // nodes read at once: at most 32 MiB
	for part := range slices.Chunk(versions[from:to], step) {
		entries, err := h.entries(ctx, part)
		if err != nil {
			return nil, chain, err
		}
		for _, e := range entries {
			if e.Prev != at || e.Rebase != nil {
				return nil, chain, fmt.Errorf("version %d does not follow %d: %w", e.Version, at, errNoHistory)
			}
			if err := e.Verify(chain); err != nil {
				return nil, chain, err
			}
			delta, err := snapshot.DecodeDelta(e.Delta)
			if err != nil {
				return nil, chain, fmt.Errorf("version %d: %w", e.Version, err)
			}
			view, at, chain = view.Apply(delta), e.Version, e.Chain
		}
	}
	if at != version {
		return nil, chain, fmt.Errorf("version %d, the log ends at %d: %w", version, at, errNoHistory)
	}
	return view, chain, nil
}

func (h history) entries(ctx context.Context, versions []uint64) ([]release.Entry, error) {
	paths := make([]string, len(versions))
	for i, v := range versions {
		paths[i] = release.LogPath(v)
	}
	nodes, err := h.st.GetMany(ctx, paths)
	if err != nil {
		return nil, err
	}
	entries := make([]release.Entry, len(nodes))
	for i, node := range nodes {
		if node.Version < 0 {
			return nil, fmt.Errorf("version %d was trimmed: %w", versions[i], errNoHistory)
		}
		if entries[i], err = release.DecodeEntry(node.Data); err != nil {
			return nil, fmt.Errorf("version %d: %w", versions[i], err)
		}
		if entries[i].Version != versions[i] {
			return nil, fmt.Errorf("%s holds version %d", paths[i], entries[i].Version)
		}
	}
	return entries, nil
}
