package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/snapshot"
	"zonecast/localproxy/follow"
	"zonecast/localproxy/live"
)

// exported is content to export.
type exported struct {
	view   *snapshot.View
	serial uint32                   // of zones that follow the release; 0: only the content knows
	guard  func(func() error) error // makes a fault of the mapping an error
	close  func()
}

// open finds the content that the flags name.
func (f *exportFlags) open(cmd *cobra.Command) (exported, error) {
	switch {
	case f.snapshot != "":
		return openExported(f.snapshot)
	case f.release != "":
		return f.past(cmd.Context())
	case f.offline():
		return f.folders(cmd)
	}
	return f.newest(cmd)
}

// offline tells whether folders are to be exported.
func (f *exportFlags) offline() bool {
	return f.inputs.zones != "" || f.inputs.rules != "" || len(f.inputs.inventory) > 0
}

func openExported(path string) (exported, error) {
	s, err := snapshot.Open(path)
	if err != nil {
		return exported{}, err
	}
	return exported{view: snapshot.NewView(s), guard: s.Guard, close: func() { s.Close() }}, nil
}

// past rebuilds a kept version.
func (f *exportFlags) past(ctx context.Context) (exported, error) {
	c, err := f.ask.client()
	if err != nil {
		return exported{}, err
	}
	p, err := openPast(ctx, c)
	if err != nil {
		return exported{}, err
	}
	view, version, err := p.at(ctx, f.release)
	if err != nil {
		p.close()
		return exported{}, err
	}
	return exported{view: view, serial: uint32(version), guard: view.Base().Guard, close: p.close}, nil //nolint:gosec // serials wrap (RFC 1982)
}

// newest fetches and verifies the newest release, in a folder that is gone afterwards.
func (f *exportFlags) newest(cmd *cobra.Command) (exported, error) {
	dir, err := os.MkdirTemp("", "zonecast-export-")
	if err != nil {
		return exported{}, err
	}
	clean := func() { os.RemoveAll(dir) }
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	arrived := errors.New("a release has arrived")
	slot := new(live.Slot)
	follower, err := f.follower(cmd, dir, slot, follow.Events{
		Refused: func(r follow.Reason) { cancel(refusedError(r)) },
		Failed:  func(err error) { cancel(err) },
		Swapped: func(*live.Release, time.Duration, bool) { cancel(arrived) },
		Broken:  func(err error) { cancel(err) },
		Lost:    func(err error) { cancel(err) },
	})
	if err == nil {
		err = follower.Open()
	}
	if err == nil {
		err = follower.Run(ctx)
	}
	if err == nil {
		if err = context.Cause(ctx); errors.Is(err, arrived) {
			err = nil
		}
	}
	if err != nil {
		clean()
		return exported{}, err
	}
	r := slot.Take()
	if r == nil {
		clean()
		return exported{}, errors.New("the release cannot be read back")
	}
	return exported{view: r.View, serial: uint32(r.Head.Version), guard: r.Base.Snapshot.Guard, //nolint:gosec // serials wrap (RFC 1982)
		close: func() { r.Done(); slot.Swap(nil); clean() }}, nil
}

// follower of the pipeline that the flags and the config name.
func (f *exportFlags) follower(cmd *cobra.Command, dir string, slot *live.Slot, events follow.Events) (*follow.Follower, error) {
	cfg, _, err := loadConfig(f.ask.file)
	if err != nil {
		return nil, err
	}
	cfg.settle()
	log, err := newLogger(cfg.Log, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	keys, err := cfg.LocalProxy.VerifyKeys()
	if err != nil {
		return nil, err
	}
	urls := cfg.LocalProxy.URLs
	if len(urls) == 0 || f.ask.addr != "" {
		c, err := f.ask.client()
		if err != nil {
			return nil, err
		}
		urls = []string{c.base}
	}
	source, err := follow.NewHTTPSource(urls, cfg.LocalProxy.Stream)
	if err != nil {
		return nil, err
	}
	return follow.New(follow.Config{Stream: cfg.LocalProxy.Stream, Keys: keys, Dir: dir}, source, slot, events, log), nil
}

// refusedError says what to do about a release that is not trusted.
func refusedError(r follow.Reason) error {
	if r == follow.ReasonSignature {
		return fmt.Errorf("the release cannot be verified (%s): name its key in localproxy.keys or localproxy.key_file; without them it is publisher/key.pub in the data folder of the config (-c)", r)
	}
	return fmt.Errorf("the release cannot be verified (%s)", r)
}
