package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"zonecast/rules"
	"zonecast/rules/maker"
)

// startPrograms runs the programs of the config for as long as a check takes; stop ends them. The error is the first fault
// in the config of one; the others run.
func startPrograms(cmd *cobra.Command, cfg Config) (programs map[string]maker.Program, stop func(), err error) {
	for _, name := range slices.Sorted(maps.Keys(cfg.Rules.Processes)) {
		p := cfg.Rules.Processes[name]
		if fault := p.Check(); fault != nil && err == nil {
			err = fmt.Errorf("rules.processes.%s: %w", name, fault)
		}
		cfg.Rules.Processes[name] = p
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	pools := rules.NewPrograms(cfg.Rules, log)
	ctx, cancel := context.WithCancel(cmd.Context())
	var running sync.WaitGroup
	for _, p := range pools {
		running.Go(func() { _ = p.Run(ctx) }) // ends with the context
	}
	return rules.Programs(pools), func() { cancel(); running.Wait() }, err
}
