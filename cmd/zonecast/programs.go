package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"zonecast/rules"
	"zonecast/rules/maker"
)

// startPrograms runs the programs of the config for as long as a check takes; stop ends them. Those that are configured
// wrongly do not run.
func startPrograms(cmd *cobra.Command, cfg Config) (programs map[string]maker.Program, stop func()) {
	for _, name := range slices.Sorted(maps.Keys(cfg.Rules.Processes)) {
		p := cfg.Rules.Processes[name]
		_ = p.Check() // fills in what is left out; faults are the config's
		cfg.Rules.Processes[name] = p
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	pools := rules.NewPrograms(cfg.Rules, log)
	ctx, cancel := context.WithCancel(cmd.Context())
	var running sync.WaitGroup
	for _, p := range pools {
		running.Go(func() { _ = p.Run(ctx) }) // ends with the context
	}
	return rules.Programs(pools), func() { cancel(); running.Wait() }
}
