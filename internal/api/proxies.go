package api

import (
	"net/http"
	"time"

	"zonecast/internal/fleet"
)

// Proxies is the fleet at a glance, with the proxies that were asked for.
type Proxies struct {
	fleet.Summary
	List []ProxyLine `json:"list,omitempty"` // by id; with ?all, ?lagging or ?gone
}

// ProxyLine is one proxy.
type ProxyLine struct {
	fleet.Proxy
	Lagging bool `json:"lagging,omitempty"` // alive, without a version that has been out for LagAfter
}

// maxLagAfter bounds ?lag, so that it stays a duration.
const maxLagAfter = 365 * 24 * time.Hour

// proxies answers for all local proxies that report. ?lag=10m changes from when on one lags; ?all lists all, ?lagging and
// ?gone those that are.
func (a *API) proxies(r *http.Request) (any, error) {
	ctx, query := r.Context(), r.URL.Query()
	after := fleet.LagAfter
	if text := query.Get("lag"); text != "" {
		var err error
		if after, err = time.ParseDuration(text); err != nil || after < 0 || after > maxLagAfter {
			return nil, usage("lag: %.40q is no duration such as 90s or 10m", text)
		}
	}
	look, err := a.fleet.Look(ctx)
	if err != nil {
		return nil, err
	}
	p := Proxies{}
	if p.Summary, err = look.Summary(ctx, after); err != nil {
		return nil, err
	}
	all, lagging, gone := query.Has("all"), query.Has("lagging"), query.Has("gone")
	if !all && !lagging && !gone {
		return p, nil
	}
	lags, err := look.Lags(ctx, after)
	if err != nil {
		return nil, err
	}
	p.List = []ProxyLine{}
	for _, proxy := range look.Proxies {
		if line := (ProxyLine{proxy, lags(proxy)}); all || lagging && line.Lagging || gone && !proxy.Alive {
			p.List = append(p.List, line)
		}
	}
	return p, nil
}
