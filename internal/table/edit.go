package table

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// edit is what becomes of one shard.
type edit struct {
	index   int
	data    []byte   // the new node
	shard   *shard   // the same, decompressed
	changes []Change // those that change something, by key
	fresh   bool     // there is no node yet
}

// group is the changes that meet in one shard, by key.
type group struct {
	index   int
	changes []Change
}

// groups sorts changes, each key once, by shard and key.
func (m *image) groups(changes map[string][]byte) []group {
	type placed struct {
		index int
		Change
	}
	all := make([]placed, 0, len(changes))
	for k, v := range changes {
		all = append(all, placed{shardOf(k, len(m.shards)), Change{k, v}})
	}
	slices.SortFunc(all, func(a, b placed) int {
		if a.index != b.index {
			return a.index - b.index
		}
		return strings.Compare(a.Key, b.Key)
	})
	flat := make([]Change, len(all))
	var gs []group
	from := 0
	for i, p := range all {
		flat[i] = p.Change
		if i+1 == len(all) || all[i+1].index != p.index {
			gs = append(gs, group{p.index, flat[from : i+1 : i+1]})
			from = i + 1
		}
	}
	return gs
}

// edits works out what changes do to the shards, without doing it, on all processors where it pays.
func (m *image) edits(changes map[string][]byte) ([]edit, error) {
	gs := m.groups(changes)
	out := make([]edit, len(gs))
	workers := min(runtime.GOMAXPROCS(0), len(gs)/32+1)
	var eg errgroup.Group
	for w := range workers {
		eg.Go(func() error {
			for i := w; i < len(gs); i += workers {
				e, err := m.edit(gs[i])
				if err != nil {
					return err
				}
				out[i] = e
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(e edit) bool { return len(e.changes) == 0 }), nil
}

func (m *image) edit(g group) (edit, error) {
	old := m.shard(g.index)
	e := edit{index: g.index, fresh: m.shards[g.index] == nil, changes: old.effective(g.changes)}
	if len(e.changes) == 0 {
		return e, nil
	}
	var err error
	if e.shard, err = old.merge(e.changes); err == nil {
		e.data, err = e.shard.encode()
	}
	if err != nil {
		return e, fmt.Errorf("shard %d: %w", g.index, err)
	}
	return e, nil
}

// changed tells whether the changes would change any row.
func (m *image) changed(changes map[string][]byte) bool {
	for k, v := range changes { // the first one decides it nearly always
		if old, ok := m.get(k); differs(old, ok, v) {
			return true
		}
		break
	}
	for _, g := range m.groups(changes) {
		if len(m.shard(g.index).effective(g.changes)) > 0 {
			return true
		}
	}
	return false
}

// apply makes the edits.
func (m *image) apply(edits []edit) {
	for _, e := range edits {
		m.put(e.index, e.data, e.shard)
	}
}

// replay applies the changes of log entries, the last for a key counts.
func (m *image) replay(changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	last := make(map[string][]byte, len(changes))
	for _, c := range changes {
		last[c.Key] = c.Value
	}
	edits, err := m.edits(last)
	if err != nil {
		return err
	}
	m.apply(edits)
	return nil
}
