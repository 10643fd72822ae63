package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/zone"
)

func conflictsCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "conflicts",
		Short: "List names that two claim, with both provenances",
		Example: `  zonecast conflicts
  zonecast conflicts --json | jq -r .name`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			w, n := cmd.OutOrStdout(), 0
			err = list(cmd.Context(), c, "/v1/conflicts", nil, func(l api.ConflictLine) error {
				n++
				if flags.json {
					return printLine(w, l)
				}
				fmt.Fprintf(w, "%s, since %s\n", l.Name, when(l.Since))
				for _, claim := range l.Served {
					fmt.Fprintf(w, "    served: %s, from %s\n", claimText(claim), causeText(claim))
				}
				for _, claim := range l.Lost {
					fmt.Fprintf(w, "    lost:   %s, from %s (%s)\n", claimText(claim), causeText(claim), whyText(claim.Why))
				}
				return nil
			})
			if err == nil && n == 0 && !flags.json {
				fmt.Fprintln(w, "no conflicts")
			}
			return err
		},
	}
	flags.register(cmd, true)
	flags.lines(cmd)
	return cmd
}

func claimText(c api.Cause) string {
	text := c.Set.Type.String()
	for i, data := range c.Set.Data {
		if i == 3 {
			return fmt.Sprintf("%s … (%d records)", text, len(c.Set.Data))
		}
		text += " " + zone.RdataText(c.Set.Type, data)
	}
	return text
}
