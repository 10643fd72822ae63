package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// StoreSource follows a stream through the store; bases come over HTTP from whoever offers them there.
type StoreSource struct {
	st     store.Store
	stream string
	bases  *Mirrors

	watching sync.Once
	changed  <-chan struct{}
	cancel   func()
}

// NewStoreSource reads nothing yet.
func NewStoreSource(st store.Store, stream string) *StoreSource {
	s := &StoreSource{st: st, stream: stream}
	s.bases = NewMirrors(s.offers)
	return s
}

// Close gives up the watch.
func (s *StoreSource) Close() {
	s.watching.Do(func() {})
	if s.cancel != nil {
		s.cancel()
	}
}

// Head waits on the stream's node. One watch serves all calls: re-arming one each time would leak in ZooKeeper's client.
func (s *StoreSource) Head(ctx context.Context, seen []byte, _ release.Head) ([]byte, error) {
	at := release.HeadPath(s.stream)
	s.watching.Do(func() { s.changed, s.cancel = s.st.Watch(at) })
	for {
		node, err := s.st.Get(ctx, at)
		switch {
		case err == nil && (seen == nil || !bytes.Equal(node.Data, seen)):
			return node.Data, nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return nil, fmt.Errorf("read head: %w", err)
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Entry reads a version's node.
func (s *StoreSource) Entry(ctx context.Context, version uint64) ([]byte, error) {
	node, err := s.st.Get(ctx, release.LogPath(version))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("version %d: %w", version, ErrGone)
	}
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	return node.Data, nil
}

// FetchBase asks the mirrors.
func (s *StoreSource) FetchBase(ctx context.Context, b release.Base, offset int64, w io.Writer) error {
	return s.bases.Fetch(ctx, b, offset, w)
}

// offers reads what publishers have put into the store.
func (s *StoreSource) offers(ctx context.Context) ([]release.Offer, error) {
	names, err := s.st.Children(ctx, release.PathBases)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list offers: %w", err)
	}
	names = names[:min(len(names), maxOffers)]
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = path.Join(release.PathBases, n)
	}
	nodes, err := s.st.GetMany(ctx, paths)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	list := []release.Offer{}
	for _, n := range nodes {
		var o release.Offer
		if n.Version >= 0 && json.Unmarshal(n.Data, &o) == nil {
			list = append(list, o)
		}
	}
	return list, nil
}
