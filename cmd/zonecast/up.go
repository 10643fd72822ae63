package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"zonecast/publisher"
)

func upCommand() *cobra.Command {
	var flags stageFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run all four stages in one process, with nothing to install",
		Long: `Runs rules, presenter, publisher and local proxy in one process on the embedded store.

Without flags it uses zonecast.yaml in the current folder. Naming any of --rules, --zones or --inventory drops the
config's other two. On first start it makes the key that signs releases. Stop it with Ctrl-C; what was acknowledged
is kept in the data folder.`,
		Example: `  zonecast up
  zonecast up --zones zones --data /var/lib/zonecast
  zonecast up --rules rules --zones zones --inventory fleet.yaml --dns 127.0.0.1:5353 --http 127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return up(cmd.Context(), cmd, flags) },
	}
	flags.config(cmd)
	flags.inputs(cmd)
	flags.listeners(cmd)
	return cmd
}

func up(ctx context.Context, cmd *cobra.Command, flags stageFlags) error {
	cfg, found, err := flags.load(cmd)
	if err != nil {
		return err
	}
	if cfg.Rules.Dir == "" && cfg.Presenter.Zones == "" && len(cfg.Rules.Inventory) == 0 && !found {
		return fmt.Errorf("nothing to serve: there is no %s here and none of --rules, --zones, --inventory is given; `zonecast init DIR --zone corp.example` makes a small project", defaultConfigFile)
	}
	for _, dir := range []string{cfg.Rules.Dir, cfg.Presenter.Zones} {
		if info, err := os.Stat(dir); dir != "" && (err != nil || !info.IsDir()) {
			return fmt.Errorf("%s is no folder that can be read", dir)
		}
	}
	cfg.settle()
	p, err := newProcess(ctx, cfg, cmd.ErrOrStderr(), openStore)
	if err != nil {
		return err
	}
	if _, err := publisher.EnsureKey(cfg.Publisher.KeyFile); err != nil {
		p.store.Close()
		return err
	}
	hello := func(ctx context.Context) error { return greet(ctx, p, cmd.OutOrStdout()) }
	return p.run(ctx, hello, p.rules, p.presenter, p.publisher, p.localproxy)
}
