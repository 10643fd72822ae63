package leader

import (
	"context"
	"errors"

	"zonecast/internal/store"
)

// Find reads who leads; store.ErrNotFound when nobody does.
func Find(ctx context.Context, st store.Store, name string) (Info, error) {
	held, _, err := read(ctx, st, name)
	return held.Info, err
}

// List names all stages that have a leader now.
func List(ctx context.Context, st store.Store) (map[string]Info, error) {
	names, err := st.Children(ctx, "/leaders")
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	leaders := make(map[string]Info, len(names))
	for _, name := range names {
		switch info, err := Find(ctx, st, name); {
		case err == nil:
			leaders[name] = info
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	return leaders, nil
}
