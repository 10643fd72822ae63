package alarm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// Facts are what alarms are judged by.
type Facts struct {
	Now      time.Time
	HeadText []byte // of the stream, as stored; nil before the first release
	Leaders  map[string]leader.Info
	Tables   map[string]table.Head
	Held     []row.Held     // at most maxHeld of an owner, the oldest first
	HeldBy   map[string]int // by owner: all of them
	Back     *release.Rollback
	Proxies  fleet.Summary // of those that report; Read leaves it out
	ByHand   []row.GlassNote
}

// maxHeld bounds the held things of one owner that are alarms of their own; the others are counted in one.
const maxHeld = 50

// heldTable begins the names of tables of held things.
const heldTable = "held."

// Read gathers the facts.
func Read(ctx context.Context, st store.Store, stream string) (Facts, error) {
	f := Facts{Now: time.Now(), Tables: map[string]table.Head{}, HeldBy: map[string]int{}}
	var err error
	if f.Leaders, err = leader.List(ctx, st); err != nil {
		return f, err
	}
	n, err := st.Get(ctx, release.HeadPath(stream))
	if err == nil {
		f.HeadText = n.Data
	} else if !errors.Is(err, store.ErrNotFound) {
		return f, err
	}
	if f.Back, err = InForce(ctx, st); err != nil {
		return f, err
	}
	names, err := table.List(ctx, st)
	if err != nil {
		return f, err
	}
	for _, name := range names {
		head, err := table.ReadHead(ctx, st, name)
		if errors.Is(err, table.ErrNotFound) {
			continue // made a moment ago: its head is yet to come
		}
		if err != nil {
			return f, err
		}
		f.Tables[name] = head
		if name == "zones" {
			if f.ByHand, err = byHand(ctx, st); err != nil {
				return f, err
			}
		}
		if owner, ok := strings.CutPrefix(name, heldTable); ok && head.Rows > 0 {
			f.HeldBy[owner] = int(head.Rows)
			list, err := held(ctx, st, name)
			if err != nil {
				return f, err
			}
			f.Held = append(f.Held, list...)
		}
	}
	return f, nil
}

func held(ctx context.Context, st store.Store, name string) ([]row.Held, error) {
	v, err := table.Read(ctx, st, name)
	if err != nil {
		return nil, err
	}
	var list []row.Held
	for _, value := range v.All() {
		var h row.Held
		if json.Unmarshal(value, &h) == nil && h.ID != "" {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b row.Held) int { return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID)) })
	return list[:min(len(list), maxHeld)], nil
}

// InForce reads the rollback in force; nil when there is none.
func InForce(ctx context.Context, st store.Store) (*release.Rollback, error) {
	node, err := st.Get(ctx, release.PathState)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s struct {
		Frozen *release.Rollback `json:"frozen"`
	}
	if err := json.Unmarshal(node.Data, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", release.PathState, err)
	}
	return s.Frozen, nil
}

// byHand reads which records are set by hand.
func byHand(ctx context.Context, st store.Store) (list []row.GlassNote, err error) {
	value, ok, err := table.Lookup(ctx, st, "zones", row.KeyGlass)
	if err != nil || !ok {
		return nil, err
	}
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, fmt.Errorf("table zones, %s: %w", row.KeyGlass, err)
	}
	return list, nil
}
