package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/row"
)

func heldReleaseCommand() *cobra.Command {
	var flags clientFlags
	var reason, by string
	var through bool
	cmd := &cobra.Command{
		Use:   "release ID --reason TEXT",
		Short: "Let a held item go",
		Long: `Lets a held item go; who did it, when and why is kept (zonecast held log). A change that two stages guard, such as a zone that is taken
away, may then be held by the next one: that is said, and --through lets it go there too.`,
		Example: `  zonecast held release presenter:3f2a9c01 --reason "zone retired, CHG-77"
  zonecast held release presenter:3f2a9c01 --reason "zone retired, CHG-77" --through`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return errReason
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			h, err := findHeld(cmd, c, args[0])
			if err != nil {
				return err
			}
			why := map[string]string{"reason": reason, "by": by}
			before, err := heldIDs(cmd.Context(), c)
			if err != nil {
				return err
			}
			if err := letGo(cmd.Context(), c, cmd.OutOrStdout(), h, why); err != nil {
				return err
			}
			next, err := heldNext(cmd.Context(), c, h, before)
			if err != nil {
				return err
			}
			for _, n := range next {
				if through {
					err = errors.Join(err, letGo(cmd.Context(), c, cmd.OutOrStdout(), n, why))
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "now held by the %s: %s: %s\n  to let it go there too:  %s held release %s --reason \"…\"\n", n.Owner, n.Subject, n.Cause, calledAs(), n.ID)
			}
			return err
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log of decisions (needed)")
	cmd.Flags().StringVar(&by, "by", whoAmI(), "who, for the log of decisions")
	cmd.Flags().BoolVar(&through, "through", false, "let go too what the next stage then holds of it")
	return cmd
}

var errReason = errors.New("--reason is needed: it stands in the log of decisions (zonecast held log)")

func letGo(ctx context.Context, c *client, w io.Writer, h row.Held, why map[string]string) error {
	path := "/v1/stages/" + url.PathEscape(h.Owner) + "/held/" + url.PathEscape(h.ID) + "/release"
	if err := c.call(ctx, "POST", path, why, nil); err != nil {
		return err
	}
	fmt.Fprintf(w, "released %s: %s %s\n", h.ID, h.Unit, h.Subject)
	return nil
}

func heldIDs(ctx context.Context, c *client) (map[string]bool, error) {
	ids := map[string]bool{}
	err := list(ctx, c, "/v1/held", nil, func(h row.Held) error {
		ids[h.ID] = true
		return nil
	})
	return ids, err
}

// heldNext looks for a second what a later stage holds of what one has let go: the same zone; for a list, a module or a
// push, which concern many zones, whatever is held anew.
func heldNext(ctx context.Context, c *client, was row.Held, before map[string]bool) (next []row.Held, err error) {
	if was.Owner == "publisher" {
		return nil, nil // nothing comes after it
	}
	oneZone := was.Unit == "zone" || was.Unit == "zone-file" || was.Unit == "rrset"
	for range 10 {
		next = nil
		err := list(ctx, c, "/v1/held", nil, func(h row.Held) error {
			if !before[h.ID] && h.Owner != was.Owner && h.CanFree && (!oneZone || strings.HasPrefix(was.Subject, h.Subject)) {
				next = append(next, h)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if oneZone && next != nil { // there is but one to wait for
			return next, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return next, nil
}
