package publisher

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

// Config of the publisher. DefaultConfig gives a usable one but for Data and KeyFile.
type Config struct {
	// Stream is the name of the head that is published.
	Stream string `yaml:"stream"`
	// Data is a folder of this instance's own: bases/ and what must be remembered beyond the store.
	Data string `yaml:"data"`
	// KeyFile holds the private key that signs heads (zonecast keygen), mode 0600.
	KeyFile string `yaml:"key_file"`
	// KnownKeys are public keys beside KeyFile's own whose heads are taken over: those of earlier keys, for a rotation.
	KnownKeys []string `yaml:"known_keys"`
	// Seed of the base files' hash, 32 hex digits. Left out, each base's seed follows from its content, so that
	// installations with the same content make the same bytes (P1) and nobody can choose names that collide.
	Seed string `yaml:"seed"`
	// Rate is how many releases there may be in a second: above 0, at most 10.
	Rate float64 `yaml:"rate"`
	// Heartbeat is how often the head is signed again though nothing changed.
	Heartbeat time.Duration `yaml:"heartbeat"`
	// AsOfEvery is how often the head is signed again, at most, when only as-of moved. It is no larger than Heartbeat.
	AsOfEvery time.Duration `yaml:"as_of_every"`
	// ExpireAfter is how long a signature lasts. Proxies alarm about an expired head; they go on answering (P5).
	ExpireAfter time.Duration `yaml:"expire_after"`
	// Bases says when a new base is compiled.
	Bases Bases `yaml:"bases"`
	// History says how much of the log is kept.
	History History `yaml:"history"`
	// Gates say what a release may change.
	Gates Gates `yaml:"gates"`
}

// Bases are compiled in the background once any of the limits is reached, and at least one delta came.
type Bases struct {
	Deltas int           `yaml:"deltas"` // deltas since the last base, at most 2,000
	Bytes  int64         `yaml:"bytes"`  // their size in octets
	Age    time.Duration `yaml:"age"`    // time since the last base
}

// History of releases: an entry older than the third-last base is dropped when it is both beyond the newest
// Releases and older than Age, and in any case when the log reaches its bound of 9,000 entries.
type History struct {
	Releases int           `yaml:"releases"`
	Age      time.Duration `yaml:"age"`
}

const (
	keepBases   = 3     // bases whose files and deltas are kept (DESIGN, Publisher)
	maxLog      = 9_000 // entries: below the 10,000 children of a folder (DESIGN, Store)
	maxRate     = 10    // releases a second (P9)
	maxDeltas   = 2_000 // between bases: three bases' worth stays below maxLog
	rebaseNames = 100_000
)

// DefaultConfig is what an empty configuration means.
func DefaultConfig() Config {
	return Config{
		Stream:      "stable",
		Data:        "data/publisher",
		KeyFile:     "data/publisher/key",
		Rate:        maxRate,
		Heartbeat:   10 * time.Second,
		AsOfEvery:   2 * time.Second,
		ExpireAfter: 24 * time.Hour,
		Bases:       Bases{Deltas: 1_000, Bytes: 8 << 20, Age: 6 * time.Hour},
		History:     History{Releases: 1_000, Age: 7 * 24 * time.Hour},
		Gates:       defaultGates(),
	}
}

// Check gives the faults of the configuration, without reading what it names.
func (c Config) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("publisher: "+format, args...)) }
	if !streamName(c.Stream) {
		bad("stream: %q is not 1 to %d lower-case letters, digits and hyphens", c.Stream, release.MaxStream)
	}
	if c.Data == "" {
		bad("data: a folder is needed")
	}
	if c.KeyFile == "" {
		bad("key_file: a private key is needed; zonecast keygen makes one")
	}
	if c.Rate <= 0 || c.Rate > maxRate {
		bad("rate: %g releases a second is not above 0 and at most %d", c.Rate, maxRate)
	}
	if c.Heartbeat < time.Second || c.AsOfEvery <= 0 || c.AsOfEvery > c.Heartbeat {
		bad("heartbeat: %v must be 1 s or more, and as_of_every (%v) above 0 and no larger", c.Heartbeat, c.AsOfEvery)
	}
	if c.ExpireAfter < 2*c.Heartbeat {
		bad("expire_after: %v is less than two heartbeats", c.ExpireAfter)
	}
	if c.Bases.Deltas < 1 || c.Bases.Deltas > maxDeltas || c.Bases.Bytes < 1 || c.Bases.Age < time.Second {
		bad("bases: deltas must be 1 to %d, bytes 1 or more, age 1 s or more", maxDeltas)
	}
	if c.History.Releases < 0 || c.History.Releases > maxLog || c.History.Age < 0 {
		bad("history: releases must be 0 to %d, age 0 or more", maxLog)
	}
	if _, err := c.seed(); err != nil {
		bad("seed: %w", err)
	}
	errs = append(errs, c.Gates.check()...)
	return errors.Join(errs...)
}

// seed of the configuration; zero when none is given.
func (c Config) seed() (snapshot.Seed, error) {
	if c.Seed == "" {
		return snapshot.Seed{}, nil
	}
	return parseSeed(c.Seed)
}

func parseSeed(text string) (seed snapshot.Seed, err error) {
	if len(text) != 2*len(seed) {
		return seed, fmt.Errorf("%d hex digits, want %d", len(text), 2*len(seed))
	}
	_, err = hex.Decode(seed[:], []byte(text))
	return seed, err
}

// streamName tells whether a head can carry the name: what package release takes.
func streamName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= release.MaxStream
}

// interval between two releases.
func (c Config) interval() time.Duration { return time.Duration(float64(time.Second) / c.Rate) }

func (c Config) keys(own release.VerifyKey) []release.VerifyKey {
	keys := []release.VerifyKey{own}
	for _, k := range c.KnownKeys {
		keys = append(keys, release.VerifyKey(k))
	}
	return keys
}
