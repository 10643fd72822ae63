package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/presenter"
)

// folders compiles what zones and rules folders would serve, without a pipeline, into a snapshot that is gone afterwards.
func (f *exportFlags) folders(cmd *cobra.Command) (exported, error) {
	f.inputs.file = f.ask.file
	cfg, _, err := f.inputs.load(cmd)
	if err != nil {
		return exported{}, err
	}
	switch {
	case cfg.Presenter.Zones == "":
		return exported{}, errors.New("--rules and --inventory need --zones: what stands in no zone is not served")
	case (cfg.Rules.Dir == "") != (len(cfg.Rules.Inventory) == 0):
		return exported{}, errors.New("--rules and --inventory go together: rules give records for entities")
	}
	after := presenter.Inputs{Generated: presenter.Generated{}}
	if after.Zones, err = readFolder(cmd.Context(), cfg.Presenter.Zones); err != nil {
		return exported{}, err
	}
	var problems []zone.Problem
	pl := planning{cfg: cfg, source: cfg.Rules.Source}
	if cfg.Rules.Dir != "" {
		set, err := readFolder(cmd.Context(), cfg.Rules.Dir)
		if err != nil {
			return exported{}, err
		}
		if after.Generated[pl.source], problems, err = pl.generate(cmd, set); err != nil {
			return exported{}, err
		}
	}
	changes, end, err := presenter.Effect(cmd.Context(), pl.presenterConfig(), presenter.Inputs{}, after, time.Now())
	if err != nil {
		return exported{}, err
	}
	if printProblems(cmd, append(problems, end.Problems...)) > 0 {
		return exported{}, errors.New("nothing exported: mend the errors first, zonecast check lists them all")
	}
	b := snapshot.NewBuilder(snapshot.Seed{})
	for _, z := range end.Zones {
		if z.After == nil {
			continue
		}
		if err := b.AddZone(snapshot.Zone{Apex: z.Zone, SerialLiteral: z.After.SerialLiteral, Timestamp: z.After.Timestamp}); err != nil {
			return exported{}, err
		}
	}
	for _, c := range changes {
		n := snapshot.Node{Name: c.Name}
		for _, s := range c.Sets {
			if s.After != nil {
				n.Sets = append(n.Sets, *s.After)
			}
		}
		if err := b.Add(n); err != nil {
			return exported{}, err
		}
	}
	return compiled(b)
}

// compiled writes a builder's content and opens it.
func compiled(b *snapshot.Builder) (exported, error) {
	dir, err := os.MkdirTemp("", "zonecast-export-")
	if err != nil {
		return exported{}, err
	}
	path := filepath.Join(dir, "zones.snap")
	if _, err = b.WriteFile(path); err == nil {
		var e exported
		if e, err = openExported(path); err == nil {
			inner := e.close
			e.close = func() { inner(); os.RemoveAll(dir) }
			return e, nil
		}
	}
	return exported{}, errors.Join(fmt.Errorf("compile the folders: %w", err), os.RemoveAll(dir))
}
