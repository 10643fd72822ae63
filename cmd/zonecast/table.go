package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/table"
)

func tableCommand() *cobra.Command {
	var flags clientFlags
	var key, prefix string
	cmd := &cobra.Command{
		Use:   "table [NAME]",
		Short: "Look inside the tables: list them, or print one's rows as JSON lines",
		Example: `  zonecast table
  zonecast table presented --key web001.ams1.prod.example.
  zonecast table inventory.main --prefix server/`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if len(args) == 1 {
				query := url.Values{}
				if key != "" {
					query.Set("key", key)
				}
				if prefix != "" {
					query.Set("prefix", prefix)
				}
				rows := 0
				err := list(cmd.Context(), c, "/v1/tables/"+url.PathEscape(args[0]), query, func(l api.RowLine) error {
					rows++
					return printLine(w, l)
				})
				if no := (*apiError)(nil); errors.As(err, &no) && no.Status == http.StatusNotFound {
					return fmt.Errorf("%w: zonecast table lists them", err)
				}
				if err == nil && rows == 0 && key != "" {
					return fmt.Errorf("table %s has no row %q: keys are KIND/ID in inventory tables, names with their final dot where it is about names", args[0], key)
				}
				return err
			}
			return list(cmd.Context(), c, "/v1/tables", nil, func(l api.TableLine) error {
				if flags.json {
					return printLine(w, l)
				}
				h := l.Head
				_, err := fmt.Fprintf(w, "%-24s %9d rows %11d octets  fence %d  seq %d  by %s%s\n", l.Table, h.Rows, h.Bytes, h.Fence, h.Seq, h.Writer, age(h))
				return err
			})
		},
	}
	flags.register(cmd, true)
	flags.lines(cmd)
	cmd.Flags().StringVar(&key, "key", "", "only the row with this key")
	cmd.Flags().StringVar(&prefix, "prefix", "", "only rows whose key begins so")
	return cmd
}

// age says how current a table's inputs are; tables that only keep what is held or loaded have no such time.
func age(h table.Head) string {
	if h.AsOf == 0 {
		return ""
	}
	return ", as of " + time.Since(time.Unix(h.AsOf, 0)).Truncate(time.Second).String() + " ago"
}
