// Package leader elects the one process that writes for a stage: an ephemeral node under /leaders.
package leader

import (
	"context"
	"log/slog"

	"zonecast/internal/store"
)

// Info is what a leader's node says.
type Info struct {
	Instance string `json:"instance"`
	URL      string `json:"url"` // base URL of its HTTP listener, "" if it has none
}

// Run takes the leadership of name ("presenter", "rules.main") whenever it can, and runs lead while it holds it:
// lead's context is cancelled when the session ends. When lead returns nil or ErrFenced-like trouble Run resigns and
// stands again (with back-off); it returns only when ctx ends. A node left behind by this very instance id is removed and taken at once.
func Run(ctx context.Context, st store.Store, name string, me Info, log *slog.Logger, lead func(ctx context.Context) error) error {
	panic("stub")
}

// Find reads who leads; store.ErrNotFound when nobody does.
func Find(ctx context.Context, st store.Store, name string) (Info, error) { panic("stub") }

// List names all stages that have a leader now.
func List(ctx context.Context, st store.Store) (map[string]Info, error) { panic("stub") }
