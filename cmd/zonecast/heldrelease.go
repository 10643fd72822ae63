package main

import (
	"cmp"
	"context"
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
		Use:   "release ID [--reason TEXT]",
		Short: "Let a held item go",
		Long: `Lets a held item go; who did it, when and why is logged. A change that two stages guard, such as a zone that is taken
away, may then be held by the next one: that is said, and --through lets it go there too.`,
		Example: `  zonecast held release presenter:3f2a9c01 --reason "zone retired, CHG-77"
  zonecast held release presenter:3f2a9c01 --reason "zone retired, CHG-77" --through`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			h, err := findHeld(cmd, c, args[0])
			if err != nil {
				return err
			}
			why := map[string]string{"reason": cmp.Or(reason, "none given"), "by": by}
			before, err := heldIDs(cmd.Context(), c)
			if err != nil {
				return err
			}
			if err := letGo(cmd.Context(), c, cmd.OutOrStdout(), h, why); err != nil {
				return err
			}
			next, err := heldNext(cmd.Context(), c, h, before)
			switch {
			case err != nil || next == nil:
				return err
			case through:
				return letGo(cmd.Context(), c, cmd.OutOrStdout(), *next, why)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "now held by the %s: %s\n  to let it go there too:  %s held release %s --reason \"…\"\n", next.Owner, next.Cause, calledAs(), next.ID)
			return nil
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log")
	cmd.Flags().StringVar(&by, "by", whoAmI(), "who, for the log")
	cmd.Flags().BoolVar(&through, "through", false, "let go too what the next stage then holds of the same zone")
	return cmd
}

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

// heldNext looks for a while whether a later stage holds what one has let go: a zone, or anything for a whole push.
func heldNext(ctx context.Context, c *client, was row.Held, before map[string]bool) (next *row.Held, err error) {
	if was.Owner == "publisher" {
		return nil, nil // nothing comes after it
	}
	for range 10 {
		err := list(ctx, c, "/v1/held", nil, func(h row.Held) error {
			if !before[h.ID] && h.Owner != was.Owner && h.CanFree && (was.Unit == "push" || strings.HasPrefix(was.Subject, h.Subject)) {
				next = &h
			}
			return nil
		})
		if err != nil || next != nil {
			return next, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil, nil
}
