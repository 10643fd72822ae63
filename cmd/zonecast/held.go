package main

import (
	"cmp"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"zonecast/internal/row"
)

func heldCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "held",
		Short: "List what is kept at its last good state, and let it go",
		Long: `What zonecast judges broken or dangerous is held: its last good state stays, everything else goes on. A held item
goes away by itself when its cause is mended; what a guard or gate stopped can be released.`,
		Example: `  zonecast held
  zonecast held show presenter:3f2a9c01
  zonecast held release presenter:3f2a9c01 --reason "zone retired, CHG-77"
  zonecast held release presenter:3f2a9c01 --reason "zone retired, CHG-77" --through
  zonecast held log`,
		Args: cobra.NoArgs,
	}
	listing := heldListCommand()
	cmd.RunE = listing.RunE
	cmd.Flags().AddFlagSet(listing.Flags())
	cmd.AddCommand(listing, heldShowCommand(), heldReleaseCommand(), heldLogCommand())
	return cmd
}

func heldListCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List held items",
		Example: `  zonecast held list
  zonecast held list --json | jq -r .id`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			w, n := cmd.OutOrStdout(), 0
			err = list(cmd.Context(), c, "/v1/held", nil, func(h row.Held) error {
				n++
				if flags.json {
					return printLine(w, h)
				}
				fmt.Fprintf(w, "%s  %s %s [%s], since %s\n    %s\n", h.ID, h.Unit, h.Subject, h.Check, when(h.Since), h.Cause)
				return nil
			})
			if err == nil && n == 0 && !flags.json {
				fmt.Fprintln(w, "nothing is held")
			}
			return err
		},
	}
	flags.register(cmd, true)
	flags.lines(cmd)
	return cmd
}

func findHeld(cmd *cobra.Command, c *client, id string) (row.Held, error) {
	var found *row.Held
	err := list(cmd.Context(), c, "/v1/held", nil, func(h row.Held) error {
		if h.ID == id {
			found = &h
		}
		return nil
	})
	if err != nil {
		return row.Held{}, err
	}
	if found == nil {
		return row.Held{}, fmt.Errorf("nothing is held under %q: zonecast held lists what is", id)
	}
	return *found, nil
}

func heldShowCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show a held item: cause, effect, and what a release would do name by name",
		Example: "  zonecast held show presenter:3f2a9c01",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			h, err := findHeld(cmd, c, args[0])
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if flags.json {
				return printJSON(w, h)
			}
			fmt.Fprintf(w, "%s\n  held by  %s\n  what     %s %s\n  check    %s\n  since    %s\n  cause    %s\n  effect   %s\n", h.ID, h.Owner, h.Unit,
				h.Subject, h.Check, when(h.Since), h.Cause, h.Effect)
			for _, p := range h.Problems {
				fmt.Fprintf(w, "  problem  %s\n", p.Error())
			}
			for _, line := range h.Would {
				fmt.Fprintf(w, "  release  %s\n", line)
			}
			if h.More > 0 {
				fmt.Fprintf(w, "  release  and %d more\n", h.More)
			}
			if h.CanFree {
				fmt.Fprintf(w, "\nTo let it go:  zonecast held release %s --reason \"…\"\n", h.ID)
			} else {
				fmt.Fprintln(w, "\nIt goes away when its cause is mended; it cannot be released.")
			}
			return nil
		},
	}
	flags.register(cmd, true)
	return cmd
}

// whoAmI gives login@host: what stands in the log of decisions when nobody says otherwise.
func whoAmI() string {
	who := os.Getenv("SUDO_USER")
	if who == "" {
		if u, err := user.Current(); err == nil {
			who = u.Username
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return cmp.Or(who, os.Getenv("USER"), "unknown") + "@" + host
}
