// Package embedded keeps the tree in one bbolt file, with watches inside the process.
package embedded

import (
	"time"

	"zonecast/internal/store"
)

// Open opens or makes the file. Another process that holds it makes Open fail with ErrLocked after wait.
func Open(path string, wait time.Duration) (store.Store, error) { panic("stub") }
