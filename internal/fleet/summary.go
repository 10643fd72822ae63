package fleet

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// LagAfter is how long a version may be out before a proxy without it lags, where nobody says otherwise: reports are
// up to twice Pace.Every old.
const LagAfter = time.Minute

// failingFor is how long after its last error a proxy counts as failing.
const failingFor = 10 * time.Minute

// maxVersions bounds the list of versions.
const maxVersions = 20

// Summary is the fleet at a glance. Only proxies that are alive have a state, a version, lag or fail.
type Summary struct {
	Known    int           `json:"known"` // alive and gone
	Alive    int           `json:"alive"`
	Gone     int           `json:"gone"`      // known, and nobody vouches for them
	States   map[State]int `json:"states"`    // all four, whatever their number
	Lagging  int           `json:"lagging"`   // without a version that has been out for LagAfter
	LagAfter int64         `json:"lag_after"` // seconds
	MaxLag   int64         `json:"max_lag"`   // seconds since the oldest version served had a successor; 0 when all have the newest
	Failing  int           `json:"failing"`   // with an error in the last ten minutes
	Versions []Versions    `json:"versions"`  // the newest first, at most 20; the last one may stand for all older ones too
	At       int64         `json:"at"`        // when the reports were read, Unix seconds
}

// Versions counts the proxies that serve one version.
type Versions struct {
	Epoch   uint64 `json:"epoch"`
	Version uint64 `json:"version"` // 0: no release yet
	Proxies int    `json:"proxies"`
	Older   bool   `json:"older,omitempty"` // the proxies of all older versions are among them
}

// Summary counts. A proxy lags when a version newer than its own has been out for lagAfter.
func (l *Look) Summary(ctx context.Context, lagAfter time.Duration) (Summary, error) {
	s := Summary{States: map[State]int{}, LagAfter: int64(lagAfter / time.Second), Versions: []Versions{}, At: l.At.Unix()}
	for _, state := range States {
		s.States[state] = 0
	}
	lags, err := l.Lags(ctx, lagAfter)
	if err != nil {
		return s, err
	}
	counts, oldest := map[[2]uint64]int{}, uint64(0)
	for _, p := range l.Proxies {
		s.Known++
		if !p.Alive {
			s.Gone++
			continue
		}
		s.Alive++
		s.States[p.State]++
		counts[[2]uint64{p.Epoch, p.Version}]++
		if lags(p) {
			s.Lagging++
		}
		if p.ErrorAt > 0 && l.At.Sub(time.Unix(p.ErrorAt, 0)) < failingFor {
			s.Failing++
		}
		if p.Version > 0 && (oldest == 0 || p.Version < oldest) {
			oldest = p.Version
		}
	}
	s.Versions = versions(counts)
	s.MaxLag, err = l.behind(ctx, oldest)
	return s, err
}

func versions(counts map[[2]uint64]int) []Versions {
	list := make([]Versions, 0, len(counts))
	for v, n := range counts {
		list = append(list, Versions{Epoch: v[0], Version: v[1], Proxies: n})
	}
	slices.SortFunc(list, func(a, b Versions) int {
		return cmp.Or(cmp.Compare(b.Epoch, a.Epoch), cmp.Compare(b.Version, a.Version))
	})
	if len(list) > maxVersions {
		last := &list[maxVersions-1]
		last.Older = true
		for _, v := range list[maxVersions:] {
			last.Proxies += v.Proxies
		}
		list = list[:maxVersions]
	}
	return list
}
