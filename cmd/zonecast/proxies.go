package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/fleet"
)

// listUnasked is how many proxies are listed though nobody asked for the list.
const listUnasked = 50

func proxiesCommand() *cobra.Command {
	var flags clientFlags
	var all, lagging, gone bool
	var lag time.Duration
	cmd := &cobra.Command{
		Use:   "proxies",
		Short: "Show the local proxies: how many serve which version, who lags, who is gone",
		Long: `Shows what the local proxies report of themselves. A proxy lags when a version newer than its own has been out for
--lag; it is gone when neither its session with the store nor a process of the pipeline vouches for it any more. Reports
are up to half a minute old. Up to 50 proxies are listed by themselves, more with --all.`,
		Example: `  zonecast proxies
  zonecast proxies --lagging --lag 5m
  zonecast proxies --gone --json | jq -r '.list[].id'
  zonecast proxies forget web001`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			query := url.Values{"lag": {lag.String()}}
			for name, on := range map[string]bool{"all": all, "lagging": lagging, "gone": gone} {
				if on {
					query.Set(name, "")
				}
			}
			var p api.Proxies
			err = c.get(cmd.Context(), "/v1/proxies", query, &p)
			if asked := all || lagging || gone; err == nil && !asked && p.Known <= listUnasked {
				query.Set("all", "")
				err = c.get(cmd.Context(), "/v1/proxies", query, &p)
			}
			if err != nil {
				return err
			}
			if flags.json {
				return printJSON(cmd.OutOrStdout(), p)
			}
			printProxies(cmd.OutOrStdout(), p)
			return nil
		},
	}
	flags.register(cmd, true)
	cmd.Flags().BoolVar(&all, "all", false, "list all")
	cmd.Flags().BoolVar(&lagging, "lagging", false, "list those that lag")
	cmd.Flags().BoolVar(&gone, "gone", false, "list those that are gone")
	cmd.Flags().DurationVar(&lag, "lag", fleet.LagAfter, "how long a version may be out before who lacks it lags")
	cmd.AddCommand(forgetCommand())
	return cmd
}

func forgetCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "forget ID...",
		Short: "Forget proxies that are gone for good",
		Long: `Removes what is known of proxies that are gone, so that nothing counts them any more. The publisher does so by itself
after 7 days. One that is alive stays: it would come back with its next report.`,
		Example: `  zonecast proxies forget web001 web002`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			for _, id := range args {
				if err := c.call(cmd.Context(), http.MethodDelete, "/v1/proxies/"+url.PathEscape(id), struct{}{}, nil); err != nil {
					return fmt.Errorf("%s: %w", id, err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is forgotten\n", id)
			}
			return nil
		},
	}
	flags.register(cmd, false)
	return cmd
}

func printProxies(w io.Writer, p api.Proxies) {
	known := "1 proxy"
	if p.Known != 1 {
		known = fmt.Sprintf("%d proxies", p.Known)
	}
	fmt.Fprintf(w, "%s: %d alive, %d gone\n", known, p.Alive, p.Gone)
	if p.Alive > 0 {
		var states []string
		for _, s := range fleet.States {
			if n := p.States[s]; n > 0 {
				states = append(states, fmt.Sprintf("%d %s", n, s))
			}
		}
		fmt.Fprintf(w, "%s; %d lag by more than %v (the oldest version: %v), %d with errors in the last ten minutes\n", strings.Join(states, ", "),
			p.Lagging, time.Duration(p.LagAfter)*time.Second, time.Duration(p.MaxLag)*time.Second, p.Failing)
	}
	for _, v := range p.Versions {
		older := ""
		if v.Older {
			older = " and older"
		}
		fmt.Fprintf(w, "  version %d%s, epoch %d: %d\n", v.Version, older, v.Epoch, v.Proxies)
	}
	for _, l := range p.List {
		state := string(l.State)
		switch {
		case !l.Alive:
			state = "gone, last seen " + when(l.At)
		case l.Lagging:
			state += ", lags"
		}
		fmt.Fprintf(w, "%-24s version %d, %s, build %s, %s\n", l.ID, l.Version, state, l.Build, strings.Join(l.Addresses, " "))
		if l.LastError != "" {
			fmt.Fprintf(w, "    %s: %s (%d refused, %d failed since %s)\n", when(l.ErrorAt), l.LastError, l.Refused, l.Failed, when(l.Started))
		}
	}
	if len(p.List) == 0 && p.Known > listUnasked {
		fmt.Fprintln(w, "zonecast proxies --all lists them")
	}
}
