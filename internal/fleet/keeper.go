package fleet

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"zonecast/internal/service"
	"zonecast/internal/store"
)

// Bounds of what one process keeps for proxies without a store.
const (
	keepMany  = 20_000          // proxies
	keepFor   = 3 * time.Minute // after the last report
	keepLeast = time.Second     // between two of one proxy: more get 429
	keepBody  = 4 << 10         // octets of a request
	keepRate  = 200             // nodes made anew a second, after a lost session
)

// Keeper takes reports over HTTP, POST /v1/proxies/{id}, and keeps them in this process's session, as long as they
// go on coming. DELETE /v1/proxies/{id} forgets a proxy that is gone for good.
type Keeper struct {
	st store.Store
	h  *service.Host

	mu      sync.Mutex
	proxies map[string]*kept
}

type kept struct {
	mu      sync.Mutex
	slot    slot
	report  Report
	at      time.Time // when the last one was taken, or the place was made
	dropped bool      // not in proxies any more
}

// NewKeeper mounts the endpoints. A request that presents token, if there is one, may report and nothing else: hosts
// need not know the API's own.
func NewKeeper(st store.Store, h *service.Host, token string) *Keeper {
	k := &Keeper{st: st, h: h, proxies: map[string]*kept{}}
	want, guarded := []byte("Bearer "+token), h.Guard(k.take)
	h.Mux.HandleFunc("POST /v1/proxies/{id}", func(w http.ResponseWriter, r *http.Request) {
		if token != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) == 1 {
			k.take(w, r)
			return
		}
		guarded(w, r)
	})
	h.Mux.HandleFunc("DELETE /v1/proxies/{id}", h.Guard(k.forget))
	return k
}

func (k *Keeper) take(w http.ResponseWriter, r *http.Request) {
	var report Report
	err := json.NewDecoder(service.Body(w, r, keepBody)).Decode(&report)
	if err == nil {
		report.ID, report.Via = r.PathValue("id"), k.h.Instance
		err = errors.Join(CheckID(report.ID), report.check())
	}
	if err != nil {
		service.Fail(w, http.StatusBadRequest, fmt.Errorf("report: %w", err))
		return
	}
	p, err := k.place(report.ID)
	if err != nil {
		w.Header().Set("Retry-After", "60")
		service.Fail(w, http.StatusTooManyRequests, err)
		return
	}
	defer p.mu.Unlock()
	if time.Since(p.at) < keepLeast {
		w.Header().Set("Retry-After", "1")
		service.Fail(w, http.StatusTooManyRequests, fmt.Errorf("more than one report in %v", keepLeast))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendTime)
	defer cancel()
	err = p.slot.write(ctx, report)
	if errors.Is(err, errTaken) { // it reported to another process meanwhile, and came back
		err = p.slot.write(ctx, report)
	}
	if err != nil {
		service.Fail(w, http.StatusServiceUnavailable, err)
		return
	}
	p.report, p.at = report, time.Now()
	service.Reply(w, http.StatusOK, map[string]string{"status": "kept"})
}

// place finds or makes a proxy's, locked.
func (k *Keeper) place(id string) (*kept, error) {
	for {
		k.mu.Lock()
		p := k.proxies[id]
		if p == nil {
			if len(k.proxies) >= keepMany {
				k.mu.Unlock()
				return nil, fmt.Errorf("this process keeps the reports of %d proxies already: ask another one", keepMany)
			}
			p = &kept{slot: slot{st: k.st, node: Node(id)}, at: time.Now().Add(-keepLeast)}
			k.proxies[id] = p
		}
		k.mu.Unlock()
		if p.mu.Lock(); !p.dropped {
			return p, nil
		}
		p.mu.Unlock()
	}
}

func (k *Keeper) forget(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := CheckID(id); err != nil {
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendTime)
	defer cancel()
	switch err := Forget(ctx, k.st, id); {
	case err == nil:
		k.h.Log.Info("proxy forgotten", "proxy", id)
		service.Reply(w, http.StatusOK, map[string]string{"status": "forgotten"})
	case errors.Is(err, store.ErrNotFound):
		service.Fail(w, http.StatusNotFound, fmt.Errorf("no proxy %q is known", id))
	case errors.Is(err, ErrAlive):
		service.Fail(w, http.StatusConflict, err)
	default:
		service.Fail(w, http.StatusServiceUnavailable, err)
	}
}

// Run lets go of proxies that fell silent, and makes their nodes anew after a lost session, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			k.tend(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

func (k *Keeper) tend(ctx context.Context) {
	k.mu.Lock()
	list := make(map[string]*kept, len(k.proxies))
	for id, p := range k.proxies {
		list[id] = p
	}
	k.mu.Unlock()
	made := 0
	for id, p := range list {
		p.mu.Lock()
		switch {
		case time.Since(p.at) >= keepFor:
			if p.dropped = p.release(ctx); p.dropped {
				k.mu.Lock()
				delete(k.proxies, id)
				k.mu.Unlock()
			}
		case p.slot.session != nil && !p.slot.current() && made < keepRate:
			made++
			if err := p.slot.restore(ctx, p.report); err != nil && !errors.Is(err, store.ErrExists) {
				made = keepRate // the store is away: not now
			}
		}
		p.mu.Unlock()
	}
}

// release takes the node away, unless another process keeps it by now: the proxy reports there.
func (p *kept) release(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if !p.slot.current() {
		return true
	}
	n, err := p.slot.st.Get(ctx, p.slot.node+alive)
	if err == nil {
		if now, err := decode(n.Data); err == nil && now.Via != p.report.Via {
			return true
		}
		err = p.slot.st.Multi(ctx, store.Delete(p.slot.node+alive, n.Version))
	}
	return err == nil || errors.Is(err, store.ErrNotFound)
}
