package service

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Readiness collects named conditions; a process is ready when none of them has an error. The zero value is ready.
type Readiness struct {
	mu    sync.Mutex
	unmet map[string]error
}

// Set records a condition: nil is met.
func (r *Readiness) Set(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.unmet, name)
		return
	}
	if r.unmet == nil {
		r.unmet = make(map[string]error)
	}
	r.unmet[name] = err
}

// Err gives the first unmet condition by name, or nil.
func (r *Readiness) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(r.unmet)) {
		return fmt.Errorf("%s: %w", name, r.unmet[name])
	}
	return nil
}
