package embedded

import "sync"

// hub knows who watches which path in one session.
type hub struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{}
}

func (h *hub) watch(path string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = make(map[string]map[chan struct{}]struct{})
	}
	if h.watchers[path] == nil {
		h.watchers[path] = make(map[chan struct{}]struct{})
	}
	h.watchers[path][c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[path], c)
		if len(h.watchers[path]) == 0 {
			delete(h.watchers, path)
		}
	}
}

// notify leaves a token with everybody who watches one of the paths.
func (h *hub) notify(paths map[string]struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) == 0 {
		return
	}
	for p := range paths {
		wake(h.watchers[p])
	}
}

func (h *hub) wakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, watchers := range h.watchers {
		wake(watchers)
	}
}

func wake(watchers map[chan struct{}]struct{}) {
	for c := range watchers {
		select {
		case c <- struct{}{}:
		default: // a token is there already
		}
	}
}
