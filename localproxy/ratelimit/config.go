package ratelimit

import (
	"fmt"

	"zonecast/localproxy/access"
)

// Config of the limits.
type Config struct {
	// ResponsesPerSecond is how many like responses a client network gets over UDP; also how many at once after a
	// quiet second. 0 switches the limits off. Default 200, as in NSD.
	ResponsesPerSecond int `yaml:"responses_per_second"`
	// Slip is the share of what is limited that goes out truncated, so that a real client comes over TCP: 1 is all of
	// it, 2 every second, 0 none. At most 10. Default 2.
	Slip int `yaml:"slip"`
	// IPv4Prefix and IPv6Prefix are the lengths of client networks. Defaults 24 and 56, as in BIND.
	IPv4Prefix int `yaml:"ipv4_prefix"`
	IPv6Prefix int `yaml:"ipv6_prefix"`
	// Exempt lists networks that are not limited, besides loopback; the word host as in allow. Default host: nobody
	// else can send from its addresses.
	Exempt []string `yaml:"exempt"`
}

// DefaultConfig gives limits that no client of its own host's size meets.
func DefaultConfig() Config {
	return Config{ResponsesPerSecond: 200, Slip: 2, IPv4Prefix: 24, IPv6Prefix: 56, Exempt: []string{access.Host}}
}

// Bounds of the config. The time of a bucket counts microseconds: at the largest rate a response costs ten.
const (
	maxRate = 100_000
	maxSlip = 10
)

// Check gives the first fault, beginning with the key.
func (c Config) Check() error {
	if c.ResponsesPerSecond == 0 {
		return nil // the rest is of no meaning
	}
	for _, v := range []struct {
		key           string
		is, low, high int
	}{
		{"responses_per_second", c.ResponsesPerSecond, 0, maxRate},
		{"slip", c.Slip, 0, maxSlip},
		{"ipv4_prefix", c.IPv4Prefix, 1, 32},
		{"ipv6_prefix", c.IPv6Prefix, 1, 128},
	} {
		if v.is < v.low || v.is > v.high {
			return fmt.Errorf("%s: %d is not between %d and %d", v.key, v.is, v.low, v.high)
		}
	}
	if _, err := access.Parse(c.Exempt); err != nil {
		return fmt.Errorf("exempt: %w", err)
	}
	return nil
}
