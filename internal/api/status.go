package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"zonecast/internal/alarm"
	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/table"
)

// Status is the pipeline at a glance.
type Status struct {
	Stream  string                 `json:"stream"`
	Head    *HeadLine              `json:"head"` // null before the first release
	Leaders map[string]leader.Info `json:"leaders"`
	Tables  map[string]table.Head  `json:"tables"`
	Sources map[string]int64       `json:"sources"` // in use: how current, Unix seconds
	Held    int                    `json:"held"`
	HeldBy  map[string]int         `json:"held_by"` // owner
	Lost    int64                  `json:"conflicts"`
	Proxies fleet.Summary          `json:"proxies"`
	Back    *release.Rollback      `json:"rolled_back,omitempty"` // in force: what changed since waits
	Alarms  []alarm.Alarm          `json:"alarms"`                // the worst first
}

// HeadLine is the published head, read without a check of its signature: for people, not for trust.
type HeadLine struct {
	Text string `json:"text"`
}

func (a *API) status(r *http.Request) (any, error) {
	facts, err := alarm.Read(r.Context(), a.st, a.stream)
	if err != nil {
		return nil, err
	}
	s := Status{Stream: a.stream, Leaders: facts.Leaders, Tables: facts.Tables, Sources: facts.Sources(), HeldBy: facts.HeldBy,
		Lost: facts.Tables["conflicts"].Rows, Back: facts.Back}
	if facts.HeadText != nil {
		s.Head = &HeadLine{string(facts.HeadText)}
	}
	look, err := a.fleet.Look(r.Context())
	if err != nil {
		return nil, err
	}
	if s.Proxies, err = look.Summary(r.Context(), fleet.LagAfter); err != nil {
		return nil, err
	}
	facts.Proxies = s.Proxies
	for _, n := range s.HeldBy {
		s.Held += n
	}
	s.Alarms = alarm.Judge(facts)
	return s, nil
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
