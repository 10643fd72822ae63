package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/snapshot"
)

func releasesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "releases",
		Short: "List, show, compare, export and roll back published versions",
		Example: `  zonecast releases
  zonecast releases show 1795000184
  zonecast releases diff 1795000180 1795000184
  zonecast releases export -o zones-out
  zonecast releases rollback 1795000180 --reason "bad rollout, INC-4711"
  zonecast releases resume --reason "rules are mended"`,
		Args: cobra.NoArgs,
	}
	listing := releasesListCommand()
	cmd.RunE = listing.RunE
	cmd.Flags().AddFlagSet(listing.Flags())
	cmd.AddCommand(listing, releasesShowCommand(), releasesDiffCommand(), releasesExportCommand(),
		rollbackCommand(), resumeCommand(), newEpochCommand())
	return cmd
}

func releasesListCommand() *cobra.Command {
	var flags clientFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the newest versions",
		Example: `  zonecast releases list --limit 5
  zonecast releases list --json | jq .[0].version`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			var lines []api.ReleaseLine
			if err := c.get(cmd.Context(), "/v1/releases", url.Values{"limit": {strconv.Itoa(limit)}}, &lines); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if flags.json {
				return printJSON(w, lines)
			}
			for _, l := range lines {
				printRelease(w, l)
			}
			if len(lines) == 0 {
				fmt.Fprintln(w, "nothing has been released yet")
			}
			return nil
		},
	}
	flags.register(cmd, true)
	cmd.Flags().IntVar(&limit, "limit", 20, "how many, at most 1000")
	return cmd
}

func printRelease(w io.Writer, l api.ReleaseLine) {
	size := fmt.Sprintf("delta of %d octets", l.Size)
	if l.Rebase {
		size = "a new base"
	}
	fmt.Fprintf(w, "%d  %s  %s", l.Version, when(l.Released), size)
	if l.Note != "" {
		fmt.Fprintf(w, "  (%s)", l.Note)
	}
	fmt.Fprintln(w)
	for _, c := range l.Counts {
		fmt.Fprintf(w, "    %-40s +%d ~%d -%d names\n", c.Zone, c.Created, c.Changed, c.Deleted)
	}
}

func releasesShowCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "show VERSION",
		Short: "Show what one version changed",
		Long: `Shows what one version changed: names per zone that were created (+), changed (~) and deleted (-), and the records
that each such name has since.`,
		Example: "  zonecast releases show 1795000184",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			var d api.ReleaseDetail
			if err := c.get(cmd.Context(), "/v1/releases/"+url.PathEscape(args[0]), nil, &d); err != nil {
				return missingRelease(err, args[0])
			}
			w := cmd.OutOrStdout()
			if flags.json {
				return printJSON(w, d)
			}
			printRelease(w, d.ReleaseLine)
			fmt.Fprintf(w, "    as of %s, epoch %d, chain %s\n", when(d.AsOf), d.Epoch, d.Chain)
			if d.Delta != nil {
				printDelta(w, d.Delta)
			}
			return nil
		},
	}
	flags.register(cmd, true)
	return cmd
}

func missingRelease(err error, version string) error {
	var no *apiError
	if errors.As(err, &no) && no.Status == 404 {
		return fmt.Errorf("version %s is not in the log: zonecast releases lists what is kept", version)
	}
	return err
}

func printDelta(w io.Writer, d *snapshot.Delta) {
	for _, z := range d.Zones {
		verb := "zone"
		if z.Gone {
			verb = "zone gone"
		}
		fmt.Fprintf(w, "%s %s\n", verb, z.Apex)
	}
	for _, n := range d.Names {
		switch n.State {
		case snapshot.Gone:
			fmt.Fprintf(w, "gone %s\n", n.Name)
		case snapshot.ENT:
			fmt.Fprintf(w, "empty %s\n", n.Name)
		default:
			for _, s := range n.Sets {
				fmt.Fprintln(w, strings.Join(s.Lines(n.Name), "\n"))
			}
		}
	}
}

func releasesDiffCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "diff FROM [TO]",
		Short: "Compare two versions record by record (TO: the newest)",
		Example: `  zonecast releases diff 1795000180
  zonecast releases diff 1795000180 1795000184`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			past, err := openPast(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer past.close()
			from, _, err := past.at(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			to, _, err := past.at(cmd.Context(), append(args, "")[1])
			if err != nil {
				return err
			}
			if flags.json {
				d, err := snapshot.Diff(from, to)
				if err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), d)
			}
			n, err := snapshot.WriteDiff(cmd.OutOrStdout(), from, to)
			if err == nil && n == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "no difference")
			}
			return err
		},
	}
	flags.register(cmd, true)
	return cmd
}

func releasesExportCommand() *cobra.Command {
	var flags clientFlags
	var dir string
	cmd := &cobra.Command{
		Use:   "export [VERSION]",
		Short: "Write a version's zones as RFC 1035 zone files",
		Long: `Writes each zone as a file <zone>.zone in the folder, or everything to standard output without -o. The SOA serial
is the version's, as the proxy serves it. Without VERSION it is the newest.`,
		Example: `  zonecast releases export -o zones-out
  zonecast releases export 1795000180`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			past, err := openPast(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer past.close()
			view, version, err := past.at(cmd.Context(), append(args, "")[0])
			if err != nil {
				return err
			}
			return exportZones(cmd.OutOrStdout(), view, uint32(version), dir)
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVarP(&dir, "output", "o", "", "folder to write to (made if missing)")
	_ = cmd.MarkFlagDirname("output")
	return cmd
}

func newEpochCommand() *cobra.Command {
	cmd := orderCommand("/v1/epoch", "a new epoch has begun")
	cmd.Use = "new-epoch --reason TEXT"
	cmd.Short = "Raise the epoch after the store was lost, so that proxies accept a new chain"
	cmd.Example = `  zonecast releases new-epoch --reason "store lost with host, INC-4711"`
	return cmd
}

func rollbackCommand() *cobra.Command {
	cmd := orderCommand("/v1/rollback", "rolled back; what changes from now on waits until `zonecast releases resume`")
	cmd.Use = "rollback VERSION --reason TEXT"
	cmd.Short = "Publish an older version's content as a new version"
	cmd.Long = `Publishes the content of an older version as a new version. It stays: what changes in the inventory and the zones
waits until ` + "`zonecast releases resume`" + `.`
	cmd.Example = `  zonecast releases rollback 1795000180 --reason "bad rollout, INC-4711"`
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

func resumeCommand() *cobra.Command {
	cmd := orderCommand("/v1/resume", "resumed; what a gate stops is in `zonecast held`")
	cmd.Use = "resume --reason TEXT"
	cmd.Short = "End a rollback: what changed meanwhile is published, past the gates"
	cmd.Example = `  zonecast releases resume --reason "rules are mended"`
	return cmd
}

// order is what the publisher is told.
type order struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
	To     uint64 `json:"to,omitempty"`
}

// orderCommand tells the publisher to do something, and says so once it is released.
func orderCommand(path, done string) *cobra.Command {
	var flags clientFlags
	var reason, by string
	cmd := &cobra.Command{
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return errReason
			}
			do := order{Reason: reason, By: by}
			if len(args) > 0 {
				var err error
				if do.To, err = strconv.ParseUint(args[0], 10, 64); err != nil {
					return fmt.Errorf("%q is no version: a whole number is needed", args[0])
				}
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			if err := c.call(cmd.Context(), "POST", path, do, nil); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), done)
			return nil
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log of decisions (needed)")
	cmd.Flags().StringVar(&by, "by", whoAmI(), "who, for the log of decisions")
	return cmd
}
