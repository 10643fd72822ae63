package main

import (
	"time"

	"github.com/spf13/cobra"

	"zonecast/localproxy/staleness"
)

func stalenessCommand() *cobra.Command {
	var o staleness.Options
	cmd := &cobra.Command{
		Use:   "staleness --server ADDR[:PORT]... --zone ZONE",
		Short: "Ask proxies how old their answers are, for monitoring",
		Long: `Asks each server for the TXT record _timestamp.<zone> and compares its as-of with the clock. One line a server with
performance data. Exit status: 0 fresh, 1 warning, 2 critical or no answer, 3 could not ask; the worst server counts.`,
		Example: `  zonecast staleness --server 127.0.0.1:5300 --zone prod.example --warn 60s --crit 300s
  zonecast staleness --server 192.0.2.53 192.0.2.54 [2001:db8::53]:5300 --zone prod.example --json`,
		RunE: func(cmd *cobra.Command, more []string) error {
			o.Servers = append(o.Servers, more...)
			if code := staleness.Run(cmd.Context(), o, cmd.OutOrStdout()); code != 0 {
				return exitCode{code: code}
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&o.Servers, "server", nil, "address to ask, port 53 if none is given; several with commas, spaces or by repeating the flag")
	cmd.Flags().StringVar(&o.Zone, "zone", "", "apex of a zone that is served")
	cmd.Flags().DurationVar(&o.Warn, "warn", time.Minute, "age from which it is a warning")
	cmd.Flags().DurationVar(&o.Crit, "crit", 5*time.Minute, "age from which it is critical")
	cmd.Flags().DurationVar(&o.Timeout, "timeout", 3*time.Second, "how long to wait for one server")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print JSON")
	return cmd
}
