package localproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"zonecast/internal/release"
	"zonecast/localproxy/answer"
	"zonecast/localproxy/listen"
	"zonecast/localproxy/ratelimit"
)

// Config of the stage. DefaultConfig fills in what is usable without thought.
type Config struct {
	// DNS lists the addresses to answer on, UDP and TCP. Default: port 5300 of 127.0.0.1, and of ::1 where there is one.
	// 0.0.0.0 and :: stand for all addresses; answers leave from the one that was asked.
	DNS []string `yaml:"dns"`
	// Allow lists who may ask: networks (192.0.2.0/24), addresses, and the words loopback and host (the addresses that
	// this host has). Others get REFUSED. Default, also when empty: loopback and host.
	Allow []string `yaml:"allow"`
	// RateLimit bounds how many like responses go to one client network over UDP. It needs a listener beyond loopback.
	RateLimit ratelimit.Config `yaml:"rate_limit"`
	// Stream is the head to follow.
	Stream string `yaml:"stream"`
	// Keys are the publishers' public keys (sumdb/note form). Any of them may have signed: list two to rotate.
	Keys []string `yaml:"keys"`
	// KeyFile holds more of them, one a line; empty lines and lines that begin with # are skipped.
	KeyFile string `yaml:"key_file"`
	// Data is the folder of the last good release. One proxy at a time uses it.
	Data string `yaml:"data"`
	// URLs of processes of the pipeline ("http://publisher1.example:5380"), for hosts that do not reach the store: what
	// is signed and what it vouches for comes over HTTP. The first that answers is used. Empty: the store.
	URLs []string `yaml:"urls"`
	// NSID tells clients that ask for it which host answered (RFC 5001). Default: the host's name. "": nobody is told.
	NSID string `yaml:"nsid"`
	// Report says how the proxy reports itself to the fleet's summary.
	Report Report `yaml:"report"`
	// Scrub is how often the base file in force is read again, slowly, and held to its checksums: 1m or more, or 0 for
	// never. A file that somebody writes to is read again at once, whatever this says.
	Scrub time.Duration `yaml:"scrub"`
	// Limits of the listeners; every key has a default.
	Limits listen.Limits `yaml:"limits"`
}

// Report is what a proxy tells of itself: in the store, or (with urls) through the processes that it follows.
type Report struct {
	// Off keeps it silent: status and alarms know nothing of it then.
	Off bool `yaml:"off"`
	// Every is the shortest time between two reports, 1s to 1h. 10,000 proxies write 1,000 times a second at 10s when
	// every report differs: raise it with the fleet.
	Every time.Duration `yaml:"every"`
	// StaleAfter is the age of as-of from which the proxy says that it is stale.
	StaleAfter time.Duration `yaml:"stale_after"`
	// TokenFile holds what it presents with urls, where those processes want a token: their http.report_token_file's.
	TokenFile string `yaml:"token_file"`
}

func (r Report) check() error {
	if r.Every < time.Second || r.Every > time.Hour {
		return fmt.Errorf("localproxy.report.every: %v is not between 1s and 1h", r.Every)
	}
	if r.StaleAfter < time.Second {
		return fmt.Errorf("localproxy.report.stale_after: %v is below 1s", r.StaleAfter)
	}
	return nil
}

// defaultPort is unprivileged, so that a first try needs no root.
const defaultPort = 5300

// DefaultConfig gives a proxy on the loopback addresses.
func DefaultConfig() Config {
	host, _ := os.Hostname() // without one, no NSID
	return Config{NSID: host, DNS: listen.Loopbacks(defaultPort), Allow: defaultAllow, RateLimit: ratelimit.DefaultConfig(),
		Stream: "stable", Data: "data/localproxy", Scrub: time.Hour,
		Report: Report{Every: 10 * time.Second, StaleAfter: time.Minute}}
}

// addrs reads the addresses to listen on.
func (c Config) addrs() ([]netip.AddrPort, error) {
	if len(c.DNS) == 0 {
		return nil, errors.New("localproxy.dns: no address")
	}
	list := make([]netip.AddrPort, len(c.DNS))
	seen := map[netip.AddrPort]bool{}
	for i, text := range c.DNS {
		addr, err := listen.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("localproxy.dns: %w", err)
		}
		if addr.Port() != 0 && seen[addr] {
			return nil, fmt.Errorf("localproxy.dns: %s is listed twice", addr)
		}
		seen[addr], list[i] = true, addr
	}
	if c.Scrub != 0 && c.Scrub < time.Minute {
		return nil, fmt.Errorf("localproxy.scrub: %v is below 1m; 0 is never", c.Scrub)
	}
	if err := c.Limits.Validate(); err != nil {
		return nil, fmt.Errorf("localproxy.limits: %w", err)
	}
	return list, nil
}

// answers gives the engine's part.
func (c Config) answers() (answer.Config, error) {
	a := answer.Config{NSID: c.NSID, KeepAlive: c.Limits.Effective().IdleTimeout}
	if err := a.Validate(); err != nil {
		return a, fmt.Errorf("localproxy.nsid: %w", err)
	}
	return a, nil
}

// maxKeyFile bounds the key file, in octets.
const maxKeyFile = 64 << 10

// VerifyKeys reads the keys of both places.
func (c Config) VerifyKeys() ([]release.VerifyKey, error) {
	texts := append([]string(nil), c.Keys...)
	if c.KeyFile != "" {
		info, err := os.Stat(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("localproxy.key_file: %w; copy the publisher's public key there, or name it in localproxy.keys", err)
		}
		if info.Size() > maxKeyFile {
			return nil, fmt.Errorf("localproxy.key_file: %s: more than %d octets", c.KeyFile, maxKeyFile)
		}
		content, err := os.ReadFile(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("localproxy.key_file: %w", err)
		}
		texts = append(texts, strings.Split(string(content), "\n")...)
	}
	var keys []release.VerifyKey
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		key := release.VerifyKey(text)
		if err := key.Check(); err != nil {
			return nil, fmt.Errorf("localproxy: %w", err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("localproxy: no public key to verify releases with: set keys or key_file (zonecast keygen makes them)")
	}
	return keys, nil
}
