package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/export/keep"
	"zonecast/internal/service"
	"zonecast/localproxy/follow"
	"zonecast/localproxy/live"
)

// followFlags are those of export --follow.
type followFlags struct {
	on       bool
	reload   string
	timeout  time.Duration
	interval time.Duration
	data     string
	metrics  string
}

func (f *followFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.on, "follow", false, "keep the file, or the folder's files, current until a signal comes")
	flags.StringVar(&f.reload, "reload", "", "`command` that has the server load the files, run after each change (quotes are understood; no shell but sh -c)")
	flags.DurationVar(&f.timeout, "reload-timeout", time.Minute, "how long the command may take")
	flags.DurationVar(&f.interval, "interval", 10*time.Second, "least time between two changes")
	flags.StringVar(&f.data, "data", "", "folder for the last good release and what was written (default \"export\" in the config's data folder); one export uses it")
	flags.StringVar(&f.metrics, "metrics", "", "`address` that answers /metrics, /healthz and /readyz over HTTP (127.0.0.1:5381; default none; beyond loopback http.token_file is needed)")
	_ = cmd.MarkFlagDirname("data")
}

// check says which flags do not go together.
func (f *exportFlags) checkFollow(cmd *cobra.Command) error {
	if !f.follow.on {
		for _, name := range []string{"reload", "reload-timeout", "interval", "data", "metrics"} {
			if cmd.Flags().Changed(name) {
				return errors.New("--" + name + " belongs to --follow")
			}
		}
		return nil
	}
	switch {
	case f.out == "":
		return errors.New("--follow needs -o: the file to keep current, or the folder")
	case f.snapshot != "" || f.release != "" || f.offline() || f.serial != 0 || f.strict:
		return errors.New("--follow goes with the newest release alone: without --snapshot, --release, --zones, --rules, --inventory, --serial and --strict")
	case f.follow.interval < time.Second || f.follow.timeout < time.Second:
		return errors.New("--interval and --reload-timeout are 1s or more")
	}
	return nil
}

// keep follows releases as a proxy does and keeps the files current.
func (f *exportFlags) keep(cmd *cobra.Command) error {
	job, err := f.job()
	if err != nil {
		return err
	}
	cfg, _, err := loadConfig(f.ask.file)
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	dir := f.follow.data
	if dir == "" {
		dir = filepath.Join(cfg.Data, "export")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	slot, news := new(live.Slot), make(chan struct{}, 1)
	seen := newExportMetrics(slot)
	k := &keep.Keeper{Job: job, Path: f.out, State: filepath.Join(dir, "export.json"), News: news, Tried: seen.tried, Interval: f.follow.interval, Log: log,
		Newest: func() (keep.Release, bool) {
			r := slot.Take()
			if r == nil {
				return keep.Release{}, false
			}
			return keep.Release{Content: r.View, Version: r.Head.Version, Guard: r.Base.Snapshot.Guard, Done: r.Done}, true
		}}
	if f.follow.reload != "" {
		if k.Reload, err = keep.Command(f.follow.reload, f.follow.timeout); err != nil {
			return err
		}
	}
	tell := func() {
		select {
		case news <- struct{}{}:
		default: // it is told already
		}
	}
	follower, err := f.follower(cmd, filepath.Join(dir, "release"), slot, follow.Events{
		Refused: func(follow.Reason) {}, Failed: func(error) {}, // the follower logs them
		Swapped: func(_ *live.Release, _ time.Duration, content bool) {
			if content {
				tell()
			}
		},
		Broken: func(err error) { log.Error("the release in force cannot be read any more; the files stay", "err", err) },
		Lost:   func(error) {},
	})
	if err != nil {
		return err
	}
	if err := follower.Open(); err != nil {
		return err
	}
	group, _ := service.NewGroup(cmd.Context())
	if f.follow.metrics != "" {
		if err := seen.serve(group, cfg, f.follow.metrics, log); err != nil {
			return err
		}
	}
	group.Go("follow", follower.Run)
	group.Go("export", func(ctx context.Context) error { return k.Run(ctx) })
	return group.Wait()
}
