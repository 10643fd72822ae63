package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/table"
)

// age says how current a table's inputs are; tables that only keep what is held or loaded have no such time.
func age(h table.Head) string {
	if h.AsOf == 0 {
		return ""
	}
	return ", as of " + time.Since(time.Unix(h.AsOf, 0)).Truncate(time.Second).String() + " ago"
}

func statusCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the pipeline at a glance: leaders, how current each table is, the newest release",
		Example: `  zonecast status
  zonecast status --json | jq .head.version`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			var s struct {
				Stream    string                 `json:"stream"`
				Head      map[string]string      `json:"head"`
				Leaders   map[string]leader.Info `json:"leaders"`
				Tables    map[string]table.Head  `json:"tables"`
				Held      int                    `json:"held"`
				Conflicts int64                  `json:"conflicts"`
				Back      *release.Rollback      `json:"rolled_back,omitempty"`
			}
			if err := c.get(cmd.Context(), "/v1/status", nil, &s); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if flags.json {
				return printJSON(w, s)
			}
			if s.Head == nil {
				fmt.Fprintf(w, "stream %s: nothing released yet\n", s.Stream)
			} else {
				fmt.Fprintf(w, "stream %s: version %s, epoch %s, released %s, as of %s\n", s.Stream, s.Head["version"], s.Head["epoch"], unixText(s.Head["released"]), unixText(s.Head["as-of"]))
			}
			for _, name := range slices.Sorted(maps.Keys(s.Leaders)) {
				fmt.Fprintf(w, "leader %-16s %s %s\n", name, s.Leaders[name].Instance, s.Leaders[name].URL)
			}
			for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
				h := s.Tables[name]
				fmt.Fprintf(w, "table  %-16s %d rows%s\n", name, h.Rows, age(h))
			}
			fmt.Fprintf(w, "held %d, conflicts %d\n", s.Held, s.Conflicts)
			if s.Back != nil {
				fmt.Fprintln(w, backText(s.Back))
			}
			return nil
		},
	}
	flags.register(cmd, true)
	return cmd
}
