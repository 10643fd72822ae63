package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/service"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
)

// maxReleases bounds how many releases one list shows.
const maxReleases = 1000

// ReleaseLine is one version, without its delta.
type ReleaseLine struct {
	Version  uint64          `json:"version"`
	Epoch    uint64          `json:"epoch"`
	Released int64           `json:"released"` // Unix seconds
	AsOf     int64           `json:"as_of"`
	Note     string          `json:"note,omitempty"`
	Counts   []release.Count `json:"counts"`
	Rebase   bool            `json:"rebase,omitempty"` // it came as a base: too large for a delta
	Size     int             `json:"size"`             // of the delta, octets
}

// ReleaseDetail is one version with what it changed; Delta is nil when it came as a base.
type ReleaseDetail struct {
	ReleaseLine
	Chain release.Hash    `json:"chain"`
	Delta *snapshot.Delta `json:"delta,omitempty"`
}

func lineOf(e release.Entry) ReleaseLine {
	return ReleaseLine{Version: e.Version, Epoch: e.Epoch, Released: e.Released, AsOf: e.AsOf, Note: e.Note, Counts: e.Counts,
		Rebase: e.Rebase != nil, Size: len(e.Delta)}
}

// versions in the log, oldest first.
func (a *API) versions(ctx context.Context) ([]uint64, error) {
	names, err := a.st.Children(ctx, release.PathLog)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, name := range names {
		if v, err := strconv.ParseUint(name, 10, 64); err == nil {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list, nil
}

// releases lists the newest versions, newest first: ?limit= (20), ?before= a version.
func (a *API) releases(r *http.Request) (any, error) {
	limit, before := uint64(20), uint64(1<<63)
	var err error
	if text := r.URL.Query().Get("limit"); text != "" {
		if limit, err = number(text); err != nil {
			return nil, err
		}
	}
	if text := r.URL.Query().Get("before"); text != "" {
		if before, err = number(text); err != nil {
			return nil, err
		}
	}
	versions, err := a.versions(r.Context())
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, v := range slices.Backward(versions) {
		if v < before && uint64(len(paths)) < min(limit, maxReleases) {
			paths = append(paths, release.LogPath(v))
		}
	}
	nodes, err := a.st.GetMany(r.Context(), paths)
	if err != nil {
		return nil, err
	}
	list := []ReleaseLine{}
	for _, n := range nodes {
		if n.Version < 0 {
			continue // trimmed meanwhile
		}
		e, err := release.DecodeEntry(n.Data)
		if err != nil {
			return nil, err
		}
		list = append(list, lineOf(e))
	}
	return list, nil
}

func (a *API) entry(ctx context.Context, text string) (release.Entry, []byte, error) {
	v, err := number(text)
	if err != nil {
		return release.Entry{}, nil, err
	}
	n, err := a.st.Get(ctx, release.LogPath(v))
	if err != nil {
		return release.Entry{}, nil, err
	}
	e, err := release.DecodeEntry(n.Data)
	return e, n.Data, err
}

func (a *API) release(r *http.Request) (any, error) {
	e, _, err := a.entry(r.Context(), r.PathValue("version"))
	if err != nil {
		return nil, err
	}
	detail := ReleaseDetail{ReleaseLine: lineOf(e), Chain: e.Chain}
	if e.Rebase == nil {
		detail.Delta, err = snapshot.DecodeDelta(e.Delta)
	}
	return detail, err
}

// logEntry gives a log node as it is, for proxies without access to the store.
func (a *API) logEntry(w http.ResponseWriter, r *http.Request) {
	_, raw, err := a.entry(r.Context(), r.PathValue("version"))
	if err != nil {
		service.Fail(w, statusOf(err), err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(raw)
}

// longPoll is how long a question for a newer head waits before it is answered with the present one.
const longPoll = 25 * time.Second

// head gives the signed head: ?stream= (the configured one); with ?etag= of the last answer it waits for another.
func (a *API) head(w http.ResponseWriter, r *http.Request) {
	stream := r.URL.Query().Get("stream")
	if stream == "" {
		stream = a.stream
	}
	path := release.HeadPath(stream)
	changed, cancel := a.st.Watch(path)
	defer cancel()
	deadline := time.After(longPoll)
	seen := r.URL.Query().Get("etag")
	for {
		n, err := a.st.Get(r.Context(), path)
		if err != nil {
			service.Fail(w, statusOf(err), err)
			return
		}
		etag := strconv.FormatInt(n.Version, 10)
		if seen != etag {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("ETag", `"`+etag+`"`)
			_, _ = w.Write(n.Data)
			return
		}
		select {
		case <-changed:
		case <-deadline:
			seen = ""
		case <-r.Context().Done(): // the client went, or this process stops: never an empty 200, which is no head
			service.Fail(w, http.StatusServiceUnavailable, errors.New("this process is stopping; ask again, or another one"))
			return
		}
	}
}

// offers tells who has which base files.
func (a *API) offers(r *http.Request) (any, error) {
	names, err := a.st.Children(r.Context(), release.PathBases)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	offers := []release.Offer{}
	for _, name := range names {
		n, err := a.st.Get(r.Context(), release.OfferPath(name))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var o release.Offer
		if err := json.Unmarshal(n.Data, &o); err != nil {
			return nil, err
		}
		offers = append(offers, o)
	}
	return offers, nil
}
