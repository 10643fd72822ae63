package publisher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// keepEvery is how often bases and offer are looked after besides the store's hints.
const keepEvery = 5 * time.Second

// keep makes sure, on leader and standby alike, that the bases the stream needs lie on this disk and are offered. A
// standby compiles each base from its own older one and the log: the same content and seed give the same bytes, which
// the head's hash proves. One that has nothing yet fetches its first from another publisher.
func (s *Stage) keep(ctx context.Context, hist history) error {
	changed, cancel := s.st.Watch(release.HeadPath(s.cfg.Stream))
	defer cancel()
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	k := keeper{Stage: s, hist: hist, lost: s.st.Session()}
	if err := s.shelf.clean(); err != nil {
		k.complain(err)
	}
	for {
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.complain(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-tick.C:
		case <-k.lost:
			k.lost, k.offered = s.st.Session(), nil
		}
	}
}

// keeper belongs to the goroutine of keep.
type keeper struct {
	*Stage
	hist    history
	lost    <-chan struct{}
	offered []byte                  // the ephemeral node as made in this session
	checked map[uint64]release.Base // files whose hash was verified by this process
	newest  release.Hash            // head's base as last looked after
	retryAt time.Time               // a base that could not be made is not tried before
	said    string
}

func (k *keeper) complain(err error) {
	k.m.failed("offer")
	if text := err.Error(); text != k.said {
		k.said = text
		k.h.Log.Warn("bases cannot be offered", "stage", owner, "error", err)
	}
}

func (k *keeper) look(ctx context.Context) error {
	head, ok, err := k.hist.head(ctx)
	if err != nil || !ok {
		if err == nil && k.leading.Load() == nil {
			k.h.Ready.Set(owner, errEmpty)
		}
		if err == nil && k.offered == nil { // proxies come for the first base as soon as its head is out
			err = k.offer(ctx, nil)
		}
		return err
	}
	seen, back, err := k.witness.see(head)
	if k.leading.Load() == nil { // a standby is ready when it can follow
		k.h.Ready.Set(owner, nil)
		if back {
			k.h.Ready.Set(owner, fmt.Errorf("the store went back: it has version %d, and version %d was published; the leader says what to do", head.Version, seen.Version))
		}
	}
	if err != nil { // a disk that takes nothing: what lies on it is offered all the same
		err = fmt.Errorf("the newest head cannot be remembered: %w", err)
	}
	return errors.Join(err, k.tend(ctx, head))
}

// tend makes sure that the head's base is here, and offered.
func (k *keeper) tend(ctx context.Context, head release.Head) error {
	if (head.Base.SHA256 != k.newest || k.offered == nil) && !time.Now().Before(k.retryAt) {
		state, _, err := k.hist.state(ctx)
		if err != nil {
			return err
		}
		kept, err := k.complete(ctx, head, state.Bases)
		k.files.keep(kept)
		if err != nil {
			k.retryAt = time.Now().Add(keepEvery) // heads come ten times a second
			return errors.Join(err, k.offer(ctx, kept))
		}
		k.newest = head.Base.SHA256
		return errors.Join(k.shelf.prune(state.Bases), k.offer(ctx, kept))
	}
	return nil
}

// complete gives the bases that are on this disk, after making the head's if it is not.
func (k *keeper) complete(ctx context.Context, head release.Head, bases []release.Base) (kept []release.Base, err error) {
	if !slices.ContainsFunc(bases, func(b release.Base) bool { return b.Version == head.Base.Version }) {
		bases = append(bases, head.Base)
	}
	checked := map[uint64]release.Base{}
	for _, b := range bases {
		if k.checked[b.Version] != b {
			snap, err := k.shelf.open(b)
			if err != nil {
				continue
			}
			snap.Close()
		}
		checked[b.Version] = b
		kept = append(kept, b)
	}
	k.checked = checked
	if _, ok := checked[head.Base.Version]; ok || k.leading.Load() != nil { // a leader makes its own in its term
		return kept, nil
	}
	if err := k.build(ctx, head.Base, bases); err != nil {
		if ferr := k.fetch(ctx, head.Base); ferr != nil {
			return kept, errors.Join(err, ferr)
		}
	}
	k.checked[head.Base.Version] = head.Base
	return append(kept, head.Base), nil
}

func (k *keeper) build(ctx context.Context, want release.Base, bases []release.Base) error {
	view, chain, err := k.hist.at(ctx, want.Version, bases)
	if err != nil {
		return err
	}
	defer view.Base().Close()
	if chain != want.Chain {
		return fmt.Errorf("base %d: %w", want.Version, release.ErrChain)
	}
	seed, err := parseSeed(want.Seed)
	if err != nil {
		return err
	}
	start := time.Now()
	made, snap, err := k.shelf.build(view, want.Version, want.Chain, seed)
	if err != nil {
		return err
	}
	snap.Close()
	if made != want {
		return fmt.Errorf("base %d: made here it has hash %s, the leader's has %s", want.Version, made.SHA256, want.SHA256)
	}
	k.m.base(time.Since(start))
	return nil
}

// offer makes the ephemeral node that says where the bases are to be had, again in each session.
func (k *keeper) offer(ctx context.Context, kept []release.Base) error {
	url := k.h.URL()
	if url == "" { // no HTTP listener: nothing to offer
		return nil
	}
	o := release.Offer{Instance: k.h.Instance, URL: url}
	for _, b := range kept {
		o.Versions = append(o.Versions, b.Version)
	}
	data, err := json.Marshal(o)
	if err != nil || bytes.Equal(data, k.offered) {
		return err
	}
	path := release.OfferPath(k.h.Instance)
	if k.offered != nil {
		err = k.st.Multi(ctx, store.Set(path, data, store.AnyVersion))
	} else { // what stands there is an earlier session's
		if err = k.st.Multi(ctx, store.Delete(path, store.AnyVersion)); err == nil || errors.Is(err, store.ErrNotFound) {
			err = k.st.Multi(ctx, store.CreateEphemeral(path, data))
		}
	}
	if err != nil {
		k.offered = nil
		return fmt.Errorf("offer: %w", err)
	}
	k.offered = data
	return nil
}
