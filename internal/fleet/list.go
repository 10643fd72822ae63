package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"zonecast/internal/store"
)

// Proxy is one that is known.
type Proxy struct {
	Report
	Alive bool `json:"alive"` // a session, or a process of the pipeline, vouches for it now; else the report is its last
}

// maxProxies bounds what a look at the fleet takes in: more than a store's folders are made for.
const maxProxies = 1 << 21

// List reads all proxies, sorted by id. It rests so long after each shard, so that a large fleet is no burst.
func List(ctx context.Context, st store.Store, rest time.Duration) ([]Proxy, error) {
	shards, err := st.Children(ctx, root)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Proxy
	for _, shard := range shards {
		part, err := listShard(ctx, st, root+"/"+shard)
		if err != nil {
			return nil, err
		}
		if list = append(list, part...); len(list) > maxProxies {
			break
		}
		if rest > 0 {
			select {
			case <-time.After(rest):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	slices.SortFunc(list, func(a, b Proxy) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

func listShard(ctx context.Context, st store.Store, shard string) ([]Proxy, error) {
	ids, err := st.Children(ctx, shard)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	list := make([]Proxy, 0, len(ids))
	paths := make([]string, len(ids))
	for i, id := range ids {
		paths[i] = shard + "/" + id + alive
	}
	for _, living := range []bool{true, false} {
		nodes, err := st.GetMany(ctx, paths)
		if err != nil {
			return nil, err
		}
		var gone []string
		for i, n := range nodes {
			switch {
			case n.Version >= 0:
				list = append(list, proxyOf(n.Data, living, strings.TrimPrefix(paths[i], shard+"/")))
			case living:
				gone = append(gone, strings.TrimSuffix(paths[i], alive))
			}
		}
		paths = gone
	}
	return list, nil
}

// proxyOf reads a node. One that cannot be read counts, under the name of its node: there is a proxy.
func proxyOf(data []byte, living bool, name string) Proxy {
	r, err := decode(data)
	if err != nil || r.check() != nil {
		r = Report{State: Empty}
	}
	r.ID = strings.TrimSuffix(name, alive)
	return Proxy{r, living}
}
