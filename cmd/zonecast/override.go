package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/override"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter"
)

func overrideCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "override",
		Short: "Break the glass: set a record by hand, for a few hours",
		Long: `Sets one RRset by hand, above zone files and rules, and past every gate, for a few hours: for three in the morning, when a pull
request takes too long. It is logged (zonecast held log), alarms as long as it is there, ends by itself, and goes when the zone file says the same.`,
	}
	cmd.AddCommand(overrideSetCommand(), overrideDropCommand())
	return cmd
}

func overrideSetCommand() *cobra.Command {
	var flags clientFlags
	var ask presenter.GlassAsk
	var ttl uint32
	var yamlOnly bool
	cmd := &cobra.Command{
		Use:   "set NAME TYPE [VALUE...] --reason TEXT",
		Short: "Set a record by hand, past all gates, and print the YAML for the pull request",
		Long: `Puts one RRset in force at once. It is checked as a record of a zone file is; it passes held zones, gates, policies and the site's
checks, but never takes a zone's SOA or NS away. Values are written as in RFC 1035 files, each as one word of the shell: '10 mail.example.'.
At most 100 may be in force. What it prints at the end is the record for the zone's file: bring it there in a pull request.`,
		Example: `  zonecast override set db1.prod.example A 192.0.2.99 --expires 4h --reason "disk failure, INC-4711"
  zonecast override set old.prod.example A --mode mask --reason "INC-4712: takes traffic it should not"
  zonecast override set prod.example MX '10 mx1.prod.example.' '20 mx2.prod.example.' --reason INC-4713 --dry-run`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if ask.Reason == "" {
				return errReason
			}
			ask.Name, ask.Type, ask.Values = args[0], args[1], args[2:]
			if cmd.Flags().Changed("ttl") {
				ask.TTL = &ttl
			}
			ask.DryRun = ask.DryRun || yamlOnly
			c, err := flags.client()
			if err != nil {
				return err
			}
			var a presenter.GlassAnswer
			if err := c.call(cmd.Context(), "POST", "/v1/overrides", ask, &a); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if yamlOnly {
				_, err := io.WriteString(w, a.YAML)
				return err
			}
			return reportOverride(cmd.Context(), c, w, ask, a)
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&ask.Mode, "mode", "replace", "replace; merge: added to what is there; mask: nothing is served, takes no value")
	cmd.Flags().StringVar(&ask.Scope, "scope", "", "rrset (default), or name: replaces or masks everything at the name")
	cmd.Flags().Uint32Var(&ttl, "ttl", 60, "seconds")
	cmd.Flags().StringVar(&ask.Expires, "expires", "", "how long (4h), or until when (RFC 3339); at most presenter.override_max (default 4h)")
	cmd.Flags().StringVar(&ask.Reason, "reason", "", "why, for the log of decisions and the YAML (needed)")
	cmd.Flags().StringVar(&ask.By, "by", whoAmI(), "who, for the log of decisions")
	cmd.Flags().BoolVar(&ask.DryRun, "dry-run", false, "check it and say what it would do; do nothing")
	cmd.Flags().BoolVar(&yamlOnly, "yaml-only", false, "print the YAML alone; do nothing")
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"replace", "merge", "mask"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions([]string{"rrset", "name"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// reportOverride says what was done, and waits a moment to see it served.
func reportOverride(ctx context.Context, c *client, w io.Writer, ask presenter.GlassAsk, a presenter.GlassAnswer) error {
	end := fmt.Sprintf("until %s (%s)", when(a.Expires), days(time.Until(time.Unix(a.Expires, 0)).Round(time.Minute)))
	switch {
	case a.DryRun:
		fmt.Fprintf(w, "nothing was done; this would be set by hand: %s %s, %s\n", a.Name, strings.ToUpper(ask.Type), end)
	case a.Again:
		fmt.Fprintf(w, "set by hand, in place of what was set before: %s %s, %s\n", a.Name, strings.ToUpper(ask.Type), end)
	default:
		fmt.Fprintf(w, "set by hand: %s %s, %s\n", a.Name, strings.ToUpper(ask.Type), end)
	}
	printBeforeAfter(w, a)
	var err error
	if !a.DryRun {
		err = reportServed(ctx, c, w, a)
	}
	if past, heldErr := gatesPast(ctx, c, a.Zone.String()); heldErr == nil {
		for _, h := range past {
			fmt.Fprintf(w, "it goes past: %s is held by the publisher [%s], %s\n", h.Subject, h.Check, h.ID)
		}
	}
	fmt.Fprintf(w, "bring this into %s in a pull request:\n\n%s", a.File, a.YAML)
	if !a.DryRun {
		fmt.Fprintf(w, "\nto take it back:  %s override drop %s %s --reason \"…\"\n", calledAs(), a.Name, strings.ToUpper(ask.Type))
	}
	return err
}

func printBeforeAfter(w io.Writer, a presenter.GlassAnswer) {
	for _, part := range []struct {
		what  string
		lines []string
	}{{"before", a.Before}, {"after ", a.After}} {
		if len(part.lines) == 0 {
			fmt.Fprintf(w, "    %s  nothing\n", part.what)
		}
		for _, l := range part.lines {
			fmt.Fprintf(w, "    %s  %s\n", part.what, l)
		}
	}
}

// errNotServed ends the command where the record is in force, and not released.
var errNotServed = errors.New("it is in force and not released yet: see zonecast status, zonecast held")

// reportServed waits until what was decided is released.
func reportServed(ctx context.Context, c *client, w io.Writer, a presenter.GlassAnswer) error {
	for deadline := time.Now().Add(10 * time.Second); ; {
		var e api.Explanation
		if err := c.get(ctx, "/v1/explain", url.Values{"name": {a.Name}}, &e); err != nil {
			return err
		}
		if len(e.Waiting) == 0 {
			fmt.Fprintln(w, "released")
			return nil
		}
		if e.Back != nil {
			fmt.Fprintln(w, backText(e.Back))
			return errNotServed
		}
		if time.Now().After(deadline) {
			return errNotServed
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// gatesPast lists what the publisher holds of a zone: what a record that was set by hand goes past.
func gatesPast(ctx context.Context, c *client, apex string) (found []row.Held, err error) {
	err = list(ctx, c, "/v1/held", nil, func(h row.Held) error {
		if h.Owner == "publisher" && h.Subject == apex {
			found = append(found, h)
		}
		return nil
	})
	return found, err
}

func overrideDropCommand() *cobra.Command {
	var flags clientFlags
	var reason, by string
	cmd := &cobra.Command{
		Use:     "drop NAME TYPE --reason TEXT",
		Short:   "Take back a record that was set by hand",
		Long:    "Takes a record back that was set by hand: what zone files and rules say is served again, also where the zone is held.",
		Example: `  zonecast override drop db1.prod.example A --reason "disk replaced, INC-4711"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return errReason
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			id, err := setByHand(cmd.Context(), c, args[0], args[1])
			if err != nil {
				return err
			}
			var a presenter.GlassAnswer
			if err := c.call(cmd.Context(), "DELETE", "/v1/overrides/"+url.PathEscape(id), map[string]string{"reason": reason, "by": by}, &a); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "dropped: %s %s\n", a.Name, strings.ToUpper(args[1]))
			printBeforeAfter(cmd.OutOrStdout(), a)
			return reportServed(cmd.Context(), c, cmd.OutOrStdout(), a)
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log of decisions (needed)")
	cmd.Flags().StringVar(&by, "by", whoAmI(), "who, for the log of decisions")
	return cmd
}

// setByHand finds the id of a record that was set by hand.
func setByHand(ctx context.Context, c *client, name, typ string) (id string, err error) {
	n, err := zone.ParseName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return "", err
	}
	err = list(ctx, c, "/v1/overrides", nil, func(o override.Override) error {
		if found, ok := strings.CutPrefix(o.File, row.GlassFile); ok && o.Name == n && strings.EqualFold(o.Type.String(), typ) {
			id = found
		}
		return nil
	})
	if err == nil && id == "" {
		err = fmt.Errorf("%s %s is not set by hand: zonecast overrides lists what is", n, cmp.Or(strings.ToUpper(typ), "?"))
	}
	return id, err
}
