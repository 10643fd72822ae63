package publisher

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/zone"
)

// Gates bound what a release may change in one zone. What a gate stops is held, zone by zone, until somebody
// releases it or the difference goes away; the rest goes out. The first release of a zone has nothing to compare with
// and passes the relative gates. Names are owner names with records.
type Gates struct {
	// Deleted is how many names a zone may lose, at most; and it may lose DeletedShare of its names, or DeletedFree
	// of them where that is more. 0 in Deleted or Changed means no names at all.
	Deleted      int     `yaml:"deleted" json:"deleted"`
	DeletedShare float64 `yaml:"deleted_share" json:"deleted_share"`
	DeletedFree  int     `yaml:"deleted_free" json:"deleted_free"`
	// Changed is the same for names whose records change.
	Changed      int     `yaml:"changed" json:"changed"`
	ChangedShare float64 `yaml:"changed_share" json:"changed_share"`
	ChangedFree  int     `yaml:"changed_free" json:"changed_free"`
	// Created is how many names a zone may gain in one release, at most. It is large: a fleet's first load arrives in a zone
	// that exists. Beyond smallZone names it may gain CreatedShare of its names (10 is eleven times as many as before), or
	// CreatedFree where that is more.
	Created      int     `yaml:"created" json:"created"`
	CreatedShare float64 `yaml:"created_share" json:"created_share"`
	CreatedFree  int     `yaml:"created_free" json:"created_free"`
	// Window is the time over which a zone's losses count together, so that a flood that arrives in many small
	// releases is seen whole. What is counted is the net loss from the largest size inside the window.
	Window time.Duration `yaml:"window" json:"window"`
	// TotalShare is how many of all names of all zones one release may delete, where that is more than Deleted: beyond it,
	// every zone that loses names is held.
	TotalShare float64 `yaml:"total_share" json:"total_share"`
	// Protected are owner names that may not become empty or lose a type. SOA and NS of every zone are protected always.
	Protected []string `yaml:"protected" json:"protected,omitempty"`
	// Checks are commands of the site's own that are asked before each release. None: nothing is waited for.
	Checks []SiteCheck `yaml:"checks" json:"-"`
	// Zones are limits of single zones: apex to the limits that replace the general ones.
	Zones map[string]ZoneGates `yaml:"zones" json:"zones,omitempty"`
}

// ZoneGates replace the general limits in one zone; what is left out stays general.
type ZoneGates struct {
	Deleted      *int           `yaml:"deleted" json:"deleted,omitempty"`
	DeletedShare *float64       `yaml:"deleted_share" json:"deleted_share,omitempty"`
	DeletedFree  *int           `yaml:"deleted_free" json:"deleted_free,omitempty"`
	Changed      *int           `yaml:"changed" json:"changed,omitempty"`
	ChangedShare *float64       `yaml:"changed_share" json:"changed_share,omitempty"`
	ChangedFree  *int           `yaml:"changed_free" json:"changed_free,omitempty"`
	Created      *int           `yaml:"created" json:"created,omitempty"`
	CreatedShare *float64       `yaml:"created_share" json:"created_share,omitempty"`
	CreatedFree  *int           `yaml:"created_free" json:"created_free,omitempty"`
	Window       *time.Duration `yaml:"window" json:"window,omitempty"`
}

// smallZone is how many names a zone has before its growth is measured by what it had: a new zone fills up in a few
// releases, tenfold each.
const smallZone = 1_000

// defaultGates: a fifth of a zone is more than a rack or a site's daily change, and less than an emptied source
// (Spotify, Consul: everything deregistered at once); a changed suffix touches every name (.se 2009).
func defaultGates() Gates {
	return Gates{
		Deleted: 5_000, DeletedShare: 0.2, DeletedFree: 10,
		Changed: 1_000_000, ChangedShare: 0.5, ChangedFree: 1_000,
		Created: 2_000_000, CreatedShare: 10, CreatedFree: 100_000, Window: 10 * time.Second, TotalShare: 0.3,
	}
}

func (g Gates) check() (errs []error) {
	share := func(name string, v float64) {
		if v < 0 || v > 1 {
			errs = append(errs, fmt.Errorf("publisher: gates: %s: %g is not between 0 and 1", name, v))
		}
	}
	count := func(name string, v int) {
		if v < 0 {
			errs = append(errs, fmt.Errorf("publisher: gates: %s: %d is negative", name, v))
		}
	}
	share("deleted_share", g.DeletedShare)
	share("changed_share", g.ChangedShare)
	share("total_share", g.TotalShare)
	count("deleted", g.Deleted)
	count("deleted_free", g.DeletedFree)
	count("changed", g.Changed)
	count("changed_free", g.ChangedFree)
	count("created", g.Created)
	count("created_free", g.CreatedFree)
	if g.CreatedShare < 0 || g.CreatedShare > 1_000 {
		errs = append(errs, fmt.Errorf("publisher: gates: created_share: %g is not between 0 and 1,000", g.CreatedShare))
	}
	if len(g.Checks) > maxSites {
		errs = append(errs, fmt.Errorf("publisher: gates: checks: %d commands, at most %d", len(g.Checks), maxSites))
	}
	all := time.Duration(0)
	for _, c := range g.Checks {
		all += cmp.Or(c.Timeout, siteTimeout)
		if err := c.check(); err != nil {
			errs = append(errs, err)
		}
	}
	if all > maxSitesTime {
		errs = append(errs, fmt.Errorf("publisher: gates: checks: together they may take %v, at most %v", all, maxSitesTime))
	}
	if g.Window < 0 || g.Window > time.Hour {
		errs = append(errs, fmt.Errorf("publisher: gates: window: %v is not between 0 and 1 h", g.Window))
	}
	for _, text := range g.Protected {
		if _, err := zone.ParseName(text); err != nil {
			errs = append(errs, fmt.Errorf("publisher: gates: protected: %w", err))
		}
	}
	for apex, z := range g.Zones {
		if _, err := zone.ParseName(apex); err != nil {
			errs = append(errs, fmt.Errorf("publisher: gates: zones: %w", err))
		}
		errs = append(errs, g.of(z).check()...)
	}
	return errs
}

// of gives the limits of one zone.
func (g Gates) of(z ZoneGates) Gates {
	set(&g.Deleted, z.Deleted)
	set(&g.DeletedShare, z.DeletedShare)
	set(&g.DeletedFree, z.DeletedFree)
	set(&g.Changed, z.Changed)
	set(&g.ChangedShare, z.ChangedShare)
	set(&g.ChangedFree, z.ChangedFree)
	set(&g.Created, z.Created)
	set(&g.CreatedShare, z.CreatedShare)
	set(&g.CreatedFree, z.CreatedFree)
	set(&g.Window, z.Window)
	g.Zones, g.Protected, g.Checks = nil, nil, nil
	return g
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Summary is what a release would do to one zone: what gates judge, and what a held item shows.
type Summary struct {
	New     bool     `json:"new,omitempty"`   // the zone was not published before
	Gone    bool     `json:"gone,omitempty"`  // the zone is to be removed
	Facts   bool     `json:"facts,omitempty"` // its facts change
	Names   int      `json:"names"`           // names with records, as published
	Created int      `json:"created"`
	Changed int      `json:"changed"`
	Deleted int      `json:"deleted"`
	Shrink  int      `json:"shrink,omitempty"` // net loss of names since the window's largest size
	Peak    int      `json:"peak,omitempty"`   // that size
	Lost    []string `json:"lost,omitempty"`   // protected RRsets that would go: "ntp.example. A", sorted
	Checks  []string `json:"checks,omitempty"` // gates that stopped it, sorted

	Violated   int      `json:"violated,omitempty"`   // times that a rule of the policy with severity error is violated
	Violations []string `json:"violations,omitempty"` // the first of them: "www.example. A ttl-at-least-60", sorted
}

// shrink is the net loss of names since the window's largest size.
func (s Summary) shrink() int { return max(0, s.Peak-(s.Names+s.Created-s.Deleted)) }

// verdict is a gate that stopped a zone.
type verdict struct {
	check string // stable code
	text  string
	final bool // cannot be released, must be mended
}

// judge lets a zone's summary past the gates of g.
func (g Gates) judge(s Summary, noSOA, unknown bool) (stopped []verdict) {
	stop := func(check, format string, args ...any) {
		stopped = append(stopped, verdict{check: check, text: fmt.Sprintf(format, args...)})
	}
	switch {
	case unknown:
		return []verdict{{check: "zone-unknown", text: "names arrive for a zone that is not in table presented", final: true}}
	case s.Gone:
		stop("zone-gone", "the zone is to be removed, with its %d names", s.Names)
		return stopped
	case noSOA:
		return []verdict{{check: "soa-missing", text: "the zone has no SOA record at its apex", final: true}}
	}
	for _, lost := range s.Lost {
		stop("protected", "%s is protected and would go", lost)
	}
	if s.Created > g.Created {
		stop("created", "%d names would be created, the limit is %d", s.Created, g.Created)
	}
	if s.New {
		return stopped
	}
	peak := max(s.Peak, s.Names)
	loss := max(s.Deleted, s.Shrink)
	if limit := max(g.DeletedFree, int(g.DeletedShare*float64(peak))); loss > limit {
		stop("deleted-share", "%d of %d names would go, the limit is %d", loss, peak, limit)
	}
	if loss > g.Deleted {
		stop("deleted", "%d names would go, the limit is %d", loss, g.Deleted)
	}
	if limit := max(g.CreatedFree, int(g.CreatedShare*float64(s.Names))); s.Names >= smallZone && s.Created > limit {
		stop("created-share", "%d names would be created in a zone of %d, the limit is %d", s.Created, s.Names, limit)
	}
	if s.Changed > g.Changed {
		stop("changed", "%d names would change, the limit is %d", s.Changed, g.Changed)
	}
	if limit := max(g.ChangedFree, int(g.ChangedShare*float64(s.Names))); s.Changed > limit {
		stop("changed-share", "%d of %d names would change, the limit is %d", s.Changed, s.Names, limit)
	}
	return stopped
}

// judgeTotal is the gate over all zones, which had so many names and would lose so many.
func (g Gates) judgeTotal(all, lost int) (v verdict, stopped bool) {
	limit := max(g.Deleted, int(g.TotalShare*float64(all)))
	return verdict{check: "deleted-total", text: fmt.Sprintf("%d of %d names of all zones would go, the limit is %d", lost, all, limit)}, lost > limit
}

// covers tells whether a release of what was shown frees what it has become: nothing new in kind, and not
// considerably more of it (a tenth, or ten names).
func (s Summary) covers(now Summary) bool {
	near := func(shown, now int) bool { return now <= shown+max(10, shown/10) }
	within := func(shown, now []string) bool {
		return !slices.ContainsFunc(now, func(v string) bool { return !slices.Contains(shown, v) })
	}
	return s.Gone == now.Gone && within(s.Checks, now.Checks) && within(s.Lost, now.Lost) &&
		near(s.Violated, now.Violated) && (now.Violated > maxViolations || within(s.Violations, now.Violations)) &&
		near(s.Created, now.Created) && near(s.Changed, now.Changed) && near(max(s.Deleted, s.Shrink), max(now.Deleted, now.Shrink))
}
