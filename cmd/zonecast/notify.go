package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/alarm"
	"zonecast/internal/notify"
)

func notifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "Try the receivers of notifications",
		Long: `What is wrong with a pipeline is sent to the receivers of the config (notify.receivers) by one of its processes. See
docs/alerting.md.`,
		Example: "  zonecast notify test",
	}
	cmd.AddCommand(notifyTestCommand())
	return cmd
}

func notifyTestCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "test [RECEIVER...]",
		Short: "Send a test notice to receivers, and say what came back",
		Long: `Sends a notice named ZonecastTest to the receivers that are named, or to all of the config, from this host. No
pipeline needs to run. Exit status 1 when one of them did not take it.`,
		Example: `  zonecast notify test
  zonecast notify test oncall -c /etc/zonecast/zonecast.yaml`,
		RunE: func(cmd *cobra.Command, names []string) error {
			cfg, _, err := loadConfig(file)
			if err != nil {
				return err
			}
			all := cfg.Notify.Receivers
			if len(all) == 0 {
				return fmt.Errorf("the config has no notify.receivers")
			}
			if len(names) == 0 {
				names = slices.Sorted(maps.Keys(all))
			}
			w, failed := cmd.OutOrStdout(), 0
			for _, name := range names {
				r, ok := all[name]
				if !ok {
					return fmt.Errorf("no receiver %q in the config; it has %v", name, slices.Sorted(maps.Keys(all)))
				}
				begun := time.Now()
				a := alarm.Alarm{Name: "ZonecastTest", Severity: alarm.Info, Subject: cfg.Instance, Text: "a test by " + whoAmI() + ": nothing is wrong",
					Do: "nothing", Since: begun.Unix()}
				answer, err := notify.Try(cmd.Context(), r, cfg.Instance, cfg.Publisher.Stream, notify.Notice{Status: notify.Event, Alarm: a})
				if err != nil {
					failed++
					fmt.Fprintf(w, "%s: not delivered: %v\n", name, err)
					continue
				}
				fmt.Fprintf(w, "%s: %s (%v)\n", name, answer, time.Since(begun).Round(time.Millisecond))
			}
			if failed > 0 {
				return fmt.Errorf("%s did not take the test", count(failed, "receiver"))
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "config file (default "+defaultConfigFile+", if there is one)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}
