package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/publisher"
)

// folder is one folder of reviewed files that is planned.
type folder struct {
	checkout.Set
	hashes map[string]string // path -> SHA-256, hex
}

func newFolder(set checkout.Set) *folder {
	f := &folder{Set: set, hashes: make(map[string]string, len(set.Files))}
	for _, file := range set.Files {
		f.hashes[file.Path] = load.Hash(file.Data)
	}
	return f
}

// files says how the folder differs from what is loaded.
func (f *folder) files(source, commit string, loaded map[string]string) *plan.Files {
	if loaded == nil {
		loaded = map[string]string{}
	}
	return &plan.Files{Source: source, Commit: f.Commit, Loaded: commit, Before: loaded, After: plan.Differ(loaded, f.hashes)}
}

// planning is what a plan is made from.
type planning struct {
	cfg          Config
	rules, zones *folder // nil: not planned
	source       string
	said         func(string) // tells a terminal what is done
	// held notes what is held already; nil without a pipeline.
	held func(context.Context, *plan.Plan) error
}

// make reads the folders and plans them.
func (f *planFlags) make(cmd *cobra.Command) (*plan.Plan, error) {
	f.inputs.file = f.ask.file
	cfg, found, err := f.inputs.load(cmd)
	if err != nil {
		return nil, err
	}
	pl := planning{cfg: cfg, source: f.source}
	made := time.Now()
	if !cmd.Flags().Changed("source") && cfg.Rules.Source != "" {
		pl.source = cfg.Rules.Source
	}
	if cfg.Rules.Dir == "" && cfg.Presenter.Zones == "" {
		if !found {
			return nil, fmt.Errorf("nothing to plan: there is no %s here and neither --rules nor --zones is given", defaultConfigFile)
		}
		return nil, errors.New("nothing to plan: name --rules or --zones")
	}
	var quiet func()
	pl.said, quiet = progressLines(cmd.ErrOrStderr())
	defer quiet()
	for _, part := range []struct {
		dir  string
		into **folder
	}{{cfg.Rules.Dir, &pl.rules}, {cfg.Presenter.Zones, &pl.zones}} {
		if part.dir == "" {
			continue
		}
		pl.said("reading " + part.dir)
		set, err := readFolder(cmd.Context(), part.dir)
		if err != nil {
			return nil, err
		}
		if f.commit != "" {
			set.Commit = f.commit
			if set.Head == "" {
				set.Head = f.commit // as push has it
			}
		}
		*part.into = newFolder(set)
	}
	var parts plan.Parts
	var now publisher.Now
	switch {
	case f.base != "":
		parts, err = pl.revision(cmd, f.base)
		now = publisher.NowOf(cfg.Publisher.Gates, parts.Names)
	case f.snapshot != "", f.release != "":
		parts, err = pl.content(cmd, f)
		now = publisher.NowOf(cfg.Publisher.Gates, parts.Names)
	default:
		parts, now, err = pl.live(cmd.Context(), f)
	}
	if err != nil {
		return nil, err
	}
	p := plan.Compose(parts)
	pl.judge(p, now)
	if pl.held != nil {
		if err := pl.held(cmd.Context(), p); err != nil {
			return nil, err
		}
	}
	p.Made = made.UTC().Truncate(time.Second)
	return p, p.Seal()
}

// live plans against the running pipeline.
func (pl *planning) live(ctx context.Context, f *planFlags) (parts plan.Parts, now publisher.Now, err error) {
	c, err := f.ask.client()
	if err != nil {
		return parts, now, err
	}
	l := livePlan{c: c, said: pl.said}
	if err := l.begin(ctx); err != nil {
		return parts, now, err
	}
	pl.held = l.held
	parts.Against = plan.Against{Kind: plan.Live, Name: c.base, Version: l.version()}
	var generated []plan.Generated
	if pl.rules != nil {
		pl.said("asking what the rules would give")
		end, list, err := l.rules(ctx, pl.source, pl.rules)
		if err != nil {
			return parts, now, fmt.Errorf("rules: %w", err)
		}
		generated = list
		parts.Rules = pl.rules.files(pl.source, end.Loaded.Commit, end.Files)
		parts.Stopped, parts.Problems = heldPush(ctx, "rules."+pl.source, pl.cfg.Rules.Dir, pl.rules, end.Loaded), append(parts.Problems, end.Problems...)
		parts.Stopped = append(parts.Stopped, end.Stopped...)
	} else {
		parts.Rules = l.loadedRules(pl.source)
	}
	pl.said("asking what would be served")
	end, changes, err := l.zones(ctx, pl.zones, generated)
	if err != nil {
		return parts, now, fmt.Errorf("zones: %w", err)
	}
	parts.Changes, parts.Facts, parts.Prefix = changes, end.Zones, end.Loaded.Prefix
	if pl.zones != nil {
		parts.Zones, parts.Prefix = pl.zones.files("", end.Loaded.Commit, end.Files), pl.zones.Prefix
		parts.Stopped = append(parts.Stopped, heldPush(ctx, "presenter", pl.cfg.Presenter.Zones, pl.zones, end.Loaded)...)
	}
	parts.Stopped, parts.Problems = append(parts.Stopped, end.Stopped...), append(parts.Problems, end.Problems...)
	parts.Names, parts.Others = l.gates.Names, l.otherRules(pl.source)
	return parts, l.gates, nil
}

// progressLines shows on a terminal what is being done; stop takes the line away. Elsewhere nothing is shown.
func progressLines(w io.Writer) (said func(string), stop func()) {
	if _, _, terminal := terminalSize(w); !terminal {
		return func(string) {}, func() {}
	}
	return func(text string) { fmt.Fprint(w, "\r\x1b[K"+text+" …") }, func() { fmt.Fprint(w, "\r\x1b[K") }
}
