package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"zonecast/internal/decision"
)

func heldLogCommand() *cobra.Command {
	var flags clientFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List what people decided: who, when and why",
		Long: `Lists what people decided over the heads of guards and gates, the newest first: what was let go, rollbacks, resumes and
new epochs. An entry is written with the deed, in one transaction; the newest 1,000 are kept.`,
		Example: `  zonecast held log
  zonecast held log --limit 5
  zonecast held log --json | jq -r 'select(.by | startswith("alice@"))'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > decision.Keep {
				return fmt.Errorf("--limit %d is not between 1 and %d", limit, decision.Keep)
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			w, n := cmd.OutOrStdout(), 0
			err = list(cmd.Context(), c, "/v1/held/log", url.Values{"limit": {strconv.Itoa(limit)}}, func(e decision.Entry) error {
				n++
				if flags.json {
					return printLine(w, e)
				}
				printDecision(w, e)
				return nil
			})
			if err == nil && n == 0 && !flags.json {
				fmt.Fprintln(w, "nobody has decided anything yet")
			}
			return err
		},
	}
	flags.register(cmd, true)
	flags.lines(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "how many, at most 1000")
	return cmd
}

func printDecision(w io.Writer, e decision.Entry) {
	fmt.Fprintf(w, "%s  %s by %s (from %s)", when(e.At), e.What, cmp.Or(e.By, "unknown"), e.From)
	if e.ID != "" {
		fmt.Fprintf(w, ": %s, %s %s [%s]", e.ID, e.Unit, e.Subject, e.Check)
	}
	fmt.Fprintf(w, "\n    why     %s\n", e.Reason)
	if e.Cause != "" {
		fmt.Fprintf(w, "    cause   %s\n", e.Cause)
	}
	fmt.Fprintf(w, "    effect  %s\n", e.Effect)
}
