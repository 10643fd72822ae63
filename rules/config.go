package rules

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/zone"
	"zonecast/rules/maker"
	"zonecast/rules/process"
)

// Config of a rules stage.
type Config struct {
	// Source names this rules service and its tables (inventory.<source>, generated.<source>, …): letters, digits,
	// hyphen, underscore. Default "main".
	Source string `yaml:"source"`
	// Dir is the rules folder that is watched and loaded. Empty: rules come by PUT /v1/rules (`zonecast push`) alone.
	Dir string `yaml:"dir"`
	// Inventory is the files that are watched, each a full list and a feed of its own: a path (the feed's name is the
	// file's, without extension) or name=path.
	Inventory []string `yaml:"inventory"`
	// Vars are what `vars.x` gives in modules.
	Vars map[string]string `yaml:"vars"`
	// TTL of records whose module says none, in seconds. Default 300.
	TTL uint32 `yaml:"ttl"`
	// Guard bounds what one full list may delete.
	Guard inventory.Guard `yaml:"guard"`
	// ModuleGuard bounds what one module may stop giving.
	ModuleGuard ModuleGuard `yaml:"module_guard"`
	// Processes are the programs that modules may name with `process:`. They stand here alone: a push cannot run anything.
	Processes map[string]process.Config `yaml:"processes"`
	// Go are the Go types that modules may name with `go:`; the program that is built with them puts them here.
	Go map[string]maker.Module `yaml:"-"`
	// Feeds are the settings of feeds that are pushed over HTTP, by name.
	Feeds map[string]FeedConfig `yaml:"feeds"`
	// Poll is how often watched files and folders are looked at when no notification comes. Default 2s.
	Poll time.Duration `yaml:"poll"`
	// Limits bound what the stage takes.
	Limits Limits `yaml:"limits"`
	// RequirePlan holds a push without an approved plan.
	RequirePlan bool `yaml:"-"`
}

// FeedConfig is the settings of one feed.
type FeedConfig struct {
	// MaxAge makes a feed that must show signs of life: it is then as old as its last event or alive. 0: a silent
	// feed counts as current.
	MaxAge time.Duration `yaml:"max_age"`
}

// Limits of a rules stage (P9).
type Limits struct {
	Entities   int `yaml:"entities"`   // live entities; default 20,000,000
	Tombstones int `yaml:"tombstones"` // remembered deletes; the oldest go first; default 1,000,000
	Feeds      int `yaml:"feeds"`      // default 1,000
	Queue      int `yaml:"queue"`      // requests that wait for a commit; default 256
	Held       int `yaml:"held"`       // contributions listed as held; the rest are only counted; default 10,000
}

// DefaultConfig is a usable configuration without any input.
func DefaultConfig() Config {
	return Config{Source: "main", TTL: 300, Poll: 2 * time.Second,
		ModuleGuard: ModuleGuard{AtLeast: 10, Share: 0.2, AtMost: 500, Window: 10 * time.Minute},
		Limits:      Limits{Entities: 20_000_000, Tombstones: 1_000_000, Feeds: 1_000, Queue: 256, Held: 10_000}}
}

var processName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// NewPrograms makes the programs of a configuration, which need not have been checked yet, without starting them.
func NewPrograms(cfg Config, log *slog.Logger) map[string]*process.Pool {
	pools := make(map[string]*process.Pool, len(cfg.Processes))
	for name, p := range cfg.Processes {
		if p.Check() == nil {
			pools[name] = process.New(name, p, log)
		}
	}
	return pools
}

// Programs shows them to a ruleset.
func Programs(pools map[string]*process.Pool) map[string]maker.Program {
	list := make(map[string]maker.Program, len(pools))
	for name, p := range pools {
		list[name] = p
	}
	return list
}

// watched is an inventory file and its feed.
type watched struct{ feed, path string }

// check fills what is left out and gives the first fault.
func (c *Config) check() ([]watched, error) {
	d := DefaultConfig()
	if c.Source == "" {
		c.Source = d.Source
	}
	if strings.ContainsFunc(c.Source, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	}) {
		return nil, fmt.Errorf("source %q: letters, digits, hyphen and underscore only", c.Source)
	}
	if c.TTL == 0 {
		c.TTL = d.TTL
	}
	if c.TTL > zone.MaxTTL {
		return nil, fmt.Errorf("ttl %d: at most %d", c.TTL, uint32(zone.MaxTTL))
	}
	if c.Poll == 0 {
		c.Poll = d.Poll
	}
	if c.Poll < 100*time.Millisecond || c.Poll > time.Hour {
		return nil, fmt.Errorf("poll %s: from 100ms to 1h", c.Poll)
	}
	if c.Guard.AtLeast < 0 || c.Guard.AtMost < 0 || c.Guard.Share < 0 || c.Guard.Share > 1 {
		return nil, errors.New("guard: at_least and at_most from 0, share from 0 to 1")
	}
	if err := c.ModuleGuard.check(); err != nil {
		return nil, err
	}
	for name, p := range c.Processes {
		if !processName.MatchString(name) {
			return nil, fmt.Errorf("processes: %q: lower-case letters, digits, - and _, at most 63, a letter first", name)
		}
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("processes: %s: %w", name, err)
		}
		c.Processes[name] = p
	}
	for _, l := range []struct{ set, def *int }{{&c.Limits.Entities, &d.Limits.Entities}, {&c.Limits.Tombstones, &d.Limits.Tombstones},
		{&c.Limits.Feeds, &d.Limits.Feeds}, {&c.Limits.Queue, &d.Limits.Queue}, {&c.Limits.Held, &d.Limits.Held}} {
		if *l.set < 0 {
			return nil, fmt.Errorf("limits: %d is negative", *l.set)
		}
		if *l.set == 0 {
			*l.set = *l.def
		}
	}
	for name, f := range c.Feeds {
		if err := inventory.CheckFeed(name); err != nil {
			return nil, err
		}
		if f.MaxAge < 0 || (f.MaxAge > 0 && f.MaxAge < time.Second) {
			return nil, fmt.Errorf("feed %s: max_age %s: at least 1s", name, f.MaxAge)
		}
	}
	return c.files()
}

func (c *Config) files() ([]watched, error) {
	var list []watched
	seen := map[string]bool{}
	for _, entry := range c.Inventory {
		feed, path, ok := strings.Cut(entry, "=")
		if !ok {
			path = entry
			base := filepath.Base(path)
			feed = strings.TrimSuffix(base, filepath.Ext(base))
		}
		if err := inventory.CheckFeed(feed); err != nil {
			return nil, fmt.Errorf("inventory %q: %w; write name=path", entry, err)
		}
		if _, err := inventory.FormatOfFile(path); err != nil {
			return nil, err
		}
		if seen[feed] {
			return nil, fmt.Errorf("inventory %q: feed %s has another file already; write name=path", entry, feed)
		}
		seen[feed] = true
		list = append(list, watched{feed, path})
	}
	return list, nil
}
