package rules

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestTheQueueIsBounded: what nobody takes is refused after a moment, and nobody waits past the end of a term.
func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lead{jobs: make(chan *job, 1), ended: make(chan struct{})}
		first := make(chan error, 1)
		go func() { first <- l.do(t.Context(), &job{}) }()
		synctest.Wait()
		if err := l.do(t.Context(), &job{}); !errors.Is(err, errQueueFull) {
			t.Fatalf("a full queue: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.do(ctx, &job{}); !errors.Is(err, context.Canceled) {
			t.Fatalf("a client that has gone: %v", err)
		}
		close(l.ended)
		if err := <-first; !errors.Is(err, errEnded) {
			t.Fatalf("the end of a term: %v", err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"source":        func(c *Config) { c.Source = "a b" },
		"ttl":           func(c *Config) { c.TTL = 1 << 31 },
		"poll":          func(c *Config) { c.Poll = 1 },
		"guard":         func(c *Config) { c.Guard.Share = 2 },
		"limits":        func(c *Config) { c.Limits.Queue = -1 },
		"feed name":     func(c *Config) { c.Feeds = map[string]FeedConfig{"a/b": {}} },
		"max_age":       func(c *Config) { c.Feeds = map[string]FeedConfig{"a": {MaxAge: 1}} },
		"format":        func(c *Config) { c.Inventory = []string{"fleet.csv"} },
		"two of a feed": func(c *Config) { c.Inventory = []string{"a/fleet.yaml", "b/fleet.json"} },
	} {
		c := DefaultConfig()
		change(&c)
		if _, err := c.check(); err == nil {
			t.Errorf("%s: passed", name)
		}
	}
	c := Config{Inventory: []string{"a/fleet.yaml", "two=b/fleet.json"}}
	files, err := c.check()
	if err != nil || len(files) != 2 || files[0] != (watched{"fleet", "a/fleet.yaml"}) || files[1] != (watched{"two", "b/fleet.json"}) {
		t.Fatalf("%v %v", files, err)
	}
}
