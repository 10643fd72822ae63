package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// Status is the pipeline at a glance.
type Status struct {
	Stream  string                 `json:"stream"`
	Head    *HeadLine              `json:"head"` // null before the first release
	Leaders map[string]leader.Info `json:"leaders"`
	Tables  map[string]table.Head  `json:"tables"`
	Held    int                    `json:"held"`
	Lost    int64                  `json:"conflicts"`
	Proxies fleet.Summary          `json:"proxies"`
	Back    *release.Rollback      `json:"rolled_back,omitempty"` // in force: what changed since waits
}

// HeadLine is the published head, read without a check of its signature: for people, not for trust.
type HeadLine struct {
	Text string `json:"text"`
}

func (a *API) status(r *http.Request) (any, error) {
	ctx := r.Context()
	s := Status{Stream: a.stream, Tables: map[string]table.Head{}}
	var err error
	if s.Leaders, err = leader.List(ctx, a.st); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	n, err := a.st.Get(ctx, release.HeadPath(a.stream))
	switch {
	case err == nil:
		s.Head = &HeadLine{string(n.Data)}
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	look, err := a.fleet.Look(ctx)
	if err != nil {
		return nil, err
	}
	if s.Proxies, err = look.Summary(ctx, fleet.LagAfter); err != nil {
		return nil, err
	}
	if s.Back, err = a.rollback(ctx); err != nil {
		return nil, err
	}
	err = a.tables(r, func(v any) error {
		line := v.(TableLine)
		s.Tables[line.Table] = line.Head
		switch {
		case strings.HasPrefix(line.Table, heldPrefix):
			s.Held += int(line.Head.Rows)
		case line.Table == "conflicts":
			s.Lost = line.Head.Rows
		}
		return nil
	})
	return s, err
}

// MarshalJSON gives the head's "key value" lines as an object.
func (h HeadLine) MarshalJSON() ([]byte, error) {
	fields := map[string]string{}
	text, _, _ := strings.Cut(h.Text, "\n\n")
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			fields[key] = value
		}
	}
	return json.Marshal(fields)
}
