package leader

import (
	"context"
	"errors"
	"net/http"
	"time"

	"zonecast/internal/service"
	"zonecast/internal/store"
)

// Elsewhere answers a request that only the leader of name can take: 503 with the leader's URL, where commands then
// go by themselves. Here is what is said of this process: "does not lead here".
func Elsewhere(w http.ResponseWriter, r *http.Request, st store.Store, h *service.Host, name, here string) {
	text, url := name+" "+here, ""
	info, err := Find(r.Context(), st, name)
	switch {
	case err == nil && (info.Instance != h.Instance || info.URL != h.URL()): // processes of one host may share an id
		url = info.URL
		text += ", but at " + url
	case errors.Is(err, store.ErrNotFound):
		text += ", and nowhere else now"
	case err != nil:
		text += "; where it does the store cannot say now"
	}
	w.Header().Set("Retry-After", "1")
	service.Reply(w, http.StatusServiceUnavailable, map[string]string{"error": text, "leader": url})
}

// lookAgain is how often a standby looks whether somebody leads.
const lookAgain = 2 * time.Second

// StandBy keeps the readiness of a process that does not lead: it is ready when somebody else does. It works until
// ctx ends.
func StandBy(ctx context.Context, st store.Store, h *service.Host, name string, leading func() bool) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		if !leading() {
			if info, err := Find(ctx, st, name); err == nil && info.Instance != h.Instance {
				h.Ready.Set(name, nil)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
