package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/durable"
	"zonecast/internal/inventory"
	"zonecast/internal/override"
	"zonecast/internal/row"
)

func backupCommand() *cobra.Command {
	var flags clientFlags
	var source, file string
	cmd := &cobra.Command{
		Use:   "backup -o FILE",
		Short: "Save a source's inventory: what is in the store and nowhere else",
		Long: `Writes all rows of a source's inventory (entities with their revisions, tombstones, feeds, numbers, pools' choices) to
FILE, as of one moment, beside a working pipeline. Rules and zones are in git, and what is served follows from these
three, but for what is held, see zonecast restore --help, and for records set by hand, which are named: they end within
hours, and stand in zone files by then. FILE is replaced as a whole; "-" is standard output.`,
		Example: `  zonecast backup -o /var/backups/zonecast-inventory.ndjson
  zonecast backup -o - | zstd > inventory.zst`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return errors.New("name a file with -o, or - for standard output")
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			var text bytes.Buffer
			rows, err := backup(cmd.Context(), c, source, &text)
			if err != nil {
				return err
			}
			if file == "-" {
				if _, err := text.WriteTo(cmd.OutOrStdout()); err != nil {
					return err
				}
				return warnByHand(cmd.Context(), c, cmd.ErrOrStderr())
			}
			if err := durable.WriteFile(file, text.Bytes(), 0o600); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s of inventory.%s in %s\n", count(int(rows), "row"), source, file)
			return warnByHand(cmd.Context(), c, cmd.ErrOrStderr())
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&source, "source", "main", "the source whose inventory is saved")
	cmd.Flags().StringVarP(&file, "output", "o", "", "file to write")
	return cmd
}

// warnByHand names the records that were set by hand: they are in the store and nowhere else too, and in no backup.
func warnByHand(ctx context.Context, c *client, to io.Writer) error {
	return list(ctx, c, "/v1/overrides", nil, func(o override.Override) error {
		if _, hand := strings.CutPrefix(o.File, row.GlassFile); hand {
			fmt.Fprintf(to, "not in the backup: %s %s is set by hand; zonecast override set it again after a restore, or bring it into its zone file\n", o.Name, o.Type)
		}
		return nil
	})
}

// backup writes a source's inventory as restore takes it.
func backup(ctx context.Context, c *client, source string, to io.Writer) (int, error) {
	table := "inventory." + source
	w, err := inventory.NewBackupWriter(to, table, time.Now())
	if err != nil {
		return 0, err
	}
	if err := list(ctx, c, "/v1/tables/"+url.PathEscape(table), url.Values{"raw": {"true"}}, func(l api.RawLine) error {
		return w.Row(l.Key, l.Raw)
	}); err != nil {
		return 0, err
	}
	return w.Close()
}

func restoreCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Load a backup of the inventory into a pipeline that has none",
		Long: `Sends what zonecast backup wrote to the rules stage of the pipeline that answers, which takes it while its source
has no entity: after the store was lost, or to move to another one. Push the rules first; every entity is evaluated
anew. "-" is standard input.

Last good records that were held do not come back: what a broken module, entity or zone file kept, or a guard. They
are made anew once their cause is mended, so mend first what zonecast held lists, or push the last good version.`,
		Example: `  zonecast restore /var/backups/zonecast-inventory.ndjson --http new-control.example:5380
  zstd -dc inventory.zst | zonecast restore -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			text, err := io.ReadAll(io.LimitReader(in, inventory.MaxBackup+1))
			if err != nil {
				return err
			}
			body, err := c.do(cmd.Context(), "PUT", "/v1/inventory", text)
			if err != nil {
				return err
			}
			defer body.Close()
			var answer struct{ Rows int }
			if err := decodeAnswer(body, &answer); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s restored; every entity is evaluated now\n", count(answer.Rows, "row"))
			return nil
		},
	}
	flags.register(cmd, false)
	return cmd
}
