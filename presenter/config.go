package presenter

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// Config of the presenter. DefaultConfig gives a usable one.
type Config struct {
	// Zones is the folder of zone files that is watched and loaded; "" is none: zones then come by `zonecast push`.
	Zones string `yaml:"zones"`
	// Poll is how often the folder is looked at when no notification comes: 100ms to 1h.
	Poll time.Duration `yaml:"poll"`
	// Sources are the rules services whose records are merged, the highest priority first.
	Sources []string `yaml:"sources"`
	// TTL of human records without a ttl, in seconds.
	TTL uint32 `yaml:"ttl"`
	// SOA is what zones without a SOA record get.
	SOA zonefile.SOA `yaml:"soa"`
	// OctoDNSTarget is what this pipeline is called in the lists of providers (included, excluded) of octoDNS's zone files.
	OctoDNSTarget string `yaml:"octodns_target"`
	// Held bounds the list of held RRsets; more are counted. 1 to 100,000.
	Held int `yaml:"held"`
	// OverrideMax is how long a record that is set by hand (zonecast override set) may last: 1m to 168h.
	OverrideMax time.Duration `yaml:"override_max"`
	// RequirePlan holds a push without an approved plan.
	RequirePlan bool `yaml:"-"`

	memo *zonefile.Memo // of a stage; nil: nothing is remembered
}

// DefaultConfig is what an empty configuration means. The SOA's times are those of RIPE-203 for stable zones, but for
// MINIMUM: a name that is about to appear should not be denied for long.
func DefaultConfig() Config {
	return Config{
		Poll:    5 * time.Second,
		Sources: []string{"main"},
		TTL:     3600,
		SOA:     zonefile.SOA{Refresh: 86400, Retry: 7200, Expire: 3600000, Minimum: 60},
		Held:    1000,

		OverrideMax: 24 * time.Hour,

		OctoDNSTarget: zonefile.DefaultTarget,
	}
}

var sourceName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Check gives the faults of the configuration, without reading what it names.
func (c Config) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("presenter: "+format, args...)) }
	if c.Poll < 100*time.Millisecond || c.Poll > time.Hour {
		bad("poll: %v is not between 100ms and 1h", c.Poll)
	}
	for i, s := range c.Sources {
		if !sourceName.MatchString(s) || slices.Contains(c.Sources[:i], s) {
			bad("sources: %q is no name of letters, digits, hyphen and underscore, or occurs twice", s)
		}
	}
	if c.TTL > zone.MaxTTL {
		bad("ttl: %d is larger than %d", c.TTL, zone.MaxTTL)
	}
	for _, n := range []string{c.SOA.MName, c.SOA.RName} {
		if n == "" {
			continue
		}
		if _, err := zone.ParseName(n); err != nil {
			bad("soa: %w", err)
		}
	}
	if max(c.SOA.Refresh, c.SOA.Retry, c.SOA.Expire, c.SOA.Minimum) > zone.MaxTTL {
		bad("soa: a time is larger than %d", zone.MaxTTL)
	}
	if c.Held < 1 || c.Held > 100_000 {
		bad("held: %d is not between 1 and 100,000", c.Held)
	}
	if c.OverrideMax < time.Minute || c.OverrideMax > 7*24*time.Hour {
		bad("override_max: %v is not between 1m and 168h", c.OverrideMax)
	}
	return errors.Join(errs...)
}

func (c Config) options(prefix string, now time.Time) zonefile.Options {
	return zonefile.Options{Prefix: prefix, DefaultTTL: c.TTL, DefaultSOA: c.SOA, Target: c.OctoDNSTarget, Now: now, Memo: c.memo}
}
