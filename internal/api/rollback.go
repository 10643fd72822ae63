package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// rollback reads the rollback in force; nil when there is none.
func (a *API) rollback(ctx context.Context) (*release.Rollback, error) {
	node, err := a.st.Get(ctx, release.PathState)
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
