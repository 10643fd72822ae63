package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"zonecast/internal/store"
)

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, path string) (store.Node, error) {
	nodes, err := s.GetMany(ctx, []string{path})
	if err != nil {
		return store.Node{}, err
	}
	if nodes[0].Version < 0 {
		return store.Node{}, fmt.Errorf("store: %s: %w", path, store.ErrNotFound)
	}
	return nodes[0], nil
}

// GetMany implements store.Store.
func (s *Store) GetMany(ctx context.Context, paths []string) ([]store.Node, error) {
	out := make([]store.Node, len(paths))
	err := s.view(ctx, paths, func(nodes *bolt.Bucket) error {
		for i, p := range paths {
			if i%256 == 255 && ctx.Err() != nil {
				return ctx.Err()
			}
			if p == "/" {
				out[i] = store.Node{Data: []byte{}}
				continue
			}
			v := nodes.Get(key(p))
			if v == nil {
				out[i].Version = -1
				continue
			}
			r, err := decode(v)
			if err != nil {
				return err
			}
			out[i] = store.Node{Data: append(make([]byte, 0, len(r.data)), r.data...), Version: r.version}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Children implements store.Store.
func (s *Store) Children(ctx context.Context, path string) ([]string, error) {
	var names []string
	err := s.view(ctx, []string{path}, func(nodes *bolt.Bucket) error {
		if path != "/" && nodes.Get(key(path)) == nil {
			return fmt.Errorf("store: %s: %w", path, store.ErrNotFound)
		}
		prefix := childPrefix(path)
		c := nodes.Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			names = append(names, string(k[len(prefix):]))
		}
		return nil
	})
	return names, err
}

// view runs one read transaction.
func (s *Store) view(ctx context.Context, paths []string, read func(nodes *bolt.Bucket) error) error {
	if _, err := s.enter(ctx); err != nil {
		return err
	}
	for _, p := range paths {
		if err := store.CheckPath(p); err != nil {
			return err
		}
	}
	err := s.e.db.View(func(tx *bolt.Tx) error { return read(tx.Bucket(bucketNodes)) })
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return err
}
