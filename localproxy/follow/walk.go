package follow

import (
	"context"
	"fmt"
	"slices"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// Bounds of one way through the log; beyond them a base is nearer.
const (
	maxWalk      = 4096      // versions
	maxWalkBytes = 256 << 20 // encoded entries, in octets
)

// anchor is a version that is trusted already: in force, or a base that a signed head vouches for.
type anchor struct {
	version uint64
	chain   release.Hash
}

// step is one entry of the log on the way to a head.
type step struct {
	entry release.Entry
	raw   []byte
}

// walk reads the log from a head back to an anchor, so that each link is verified by the one after it, beginning with
// the head's signature, and gives the steps in ascending order. It ends early at an entry that is a base of its own
// (rebase): the steps are then those after it. ErrGone when the log does not reach that far.
func (f *Follower) walk(ctx context.Context, h release.Head, to anchor) (steps []step, rebase *release.Base, err error) {
	size := 0
	for version := h.Version; ; {
		switch {
		case version == to.version:
			err := named(h, steps, to.chain)
			slices.Reverse(steps)
			return steps, nil, err
		case version < to.version:
			return nil, nil, refuse(ReasonChain, "%w: version %d is not in the history of %d", release.ErrChain, to.version, h.Version)
		case len(steps) == maxWalk || size > maxWalkBytes:
			return nil, nil, fmt.Errorf("version %d is too far behind %d: %w", to.version, h.Version, ErrGone)
		}
		s, err := f.entry(ctx, h.Epoch, version)
		if err != nil {
			return nil, nil, err
		}
		if err := named(h, steps, s.entry.Chain); err != nil {
			return nil, nil, err
		}
		if s.entry.Rebase != nil {
			err := f.vouched(ctx, h, s.entry, to)
			slices.Reverse(steps)
			return steps, s.entry.Rebase, err
		}
		steps = append(steps, s)
		size += len(s.raw)
		version = s.entry.Prev
	}
}

// named tells whether the version after this one (the last of steps, or the head) is linked to this chain value.
func named(h release.Head, later []step, chain release.Hash) error {
	if len(later) > 0 {
		if err := later[len(later)-1].entry.Verify(chain); err != nil {
			return &Refusal{Reason: ReasonChain, Err: err}
		}
	} else if chain != h.Chain {
		return refuse(ReasonChain, "%w: the log's version %d is another than the one signed", release.ErrChain, h.Version)
	}
	return nil
}

// vouched makes sure that an entry's base is the one that the chain means: its hash is part of its own link, whose
// other part is the chain before.
func (f *Follower) vouched(ctx context.Context, h release.Head, e release.Entry, to anchor) error {
	var before release.Hash
	switch {
	case *e.Rebase == h.Base:
		return nil // signed
	case e.Prev == to.version:
		before = to.chain
	case e.Prev != 0:
		prev, err := f.entry(ctx, h.Epoch, e.Prev)
		if err != nil {
			return err
		}
		before = prev.entry.Chain
	}
	if err := e.Verify(before); err != nil {
		return &Refusal{Reason: ReasonChain, Err: err}
	}
	return nil
}

func (f *Follower) entry(ctx context.Context, epoch, version uint64) (step, error) {
	raw, err := f.source.Entry(ctx, version)
	if err != nil {
		return step{}, err
	}
	e, err := release.DecodeEntry(raw)
	if err != nil {
		return step{}, &Refusal{Reason: ReasonEntry, Err: err}
	}
	if e.Epoch != epoch || e.Version != version || e.Prev >= version {
		return step{}, refuse(ReasonEntry, "the log's entry %d is of epoch %d, version %d after %d", version, e.Epoch, e.Version, e.Prev)
	}
	return step{e, raw}, nil
}

// raw gives the steps' encoded entries.
func raw(steps []step) [][]byte {
	list := make([][]byte, len(steps))
	for i, s := range steps {
		list[i] = s.raw
	}
	return list
}

// apply puts the steps over a view and holds what they touched to the sentinels. It fails with snapshot.ErrFault when the
// view's base cannot be read.
func apply(view *snapshot.View, steps []step) (next *snapshot.View, err error) {
	size := 0
	for _, s := range steps {
		size += len(s.raw)
	}
	if size > longEntries {
		defer room.take()()
	}
	err = view.Base().Guard(func() error {
		next, err = applied(view, steps)
		return err
	})
	return next, err
}

func applied(view *snapshot.View, steps []step) (*snapshot.View, error) {
	touched := map[zone.Name]snapshot.Zone{}
	for _, s := range steps {
		d, err := snapshot.DecodeDelta(s.entry.Delta)
		if err != nil {
			return nil, refuse(ReasonEntry, "delta of version %d: %w", s.entry.Version, err)
		}
		view = view.Apply(d)
		for _, z := range d.Zones {
			touched[z.Apex] = z.Zone
		}
		for _, n := range d.Names {
			touched[n.Name] = snapshot.Zone{Apex: n.Name}
		}
	}
	if len(steps) == 0 {
		return view, nil
	}
	zones := []snapshot.Zone{}
	for name := range touched {
		if z, ok := view.FindZone(name); ok && z.Apex == name {
			zones = append(zones, z)
		}
	}
	return view, sentinels(view, zones)
}

// sentinels are the signs that an answer cannot be empty by accident (P2): there are zones, and each has its SOA.
func sentinels(view *snapshot.View, zones []snapshot.Zone) error {
	if len(view.Zones()) == 0 {
		return refuse(ReasonEmpty, "no zone in it")
	}
	for _, z := range zones {
		node, _ := view.Lookup(z.Apex)
		if _, ok := zone.FindSet(node.Sets, zone.TypeSOA); !ok {
			return refuse(ReasonSentinel, "zone %s has no SOA", z.Apex)
		}
	}
	return nil
}
