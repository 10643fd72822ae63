package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/api"
	"zonecast/internal/zone"
)

func explainCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "explain NAME [TYPE]",
		Short: "Say why a record is what it is: who made it, what it shadows, since when",
		Long: `Says what is served at a name and why: the module and entity, or the file, line and commit, behind each record, since
which version; what is shadowed and by whom; what waits to be released; what is held that concerns it.`,
		Example: `  zonecast explain web001.ams1.prod.example
  zonecast explain db1.prod.example A --json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			query := url.Values{"name": {args[0]}}
			if len(args) > 1 {
				query.Set("type", args[1])
			}
			var e api.Explanation
			if err := c.get(cmd.Context(), "/v1/explain", query, &e); err != nil {
				return err
			}
			if flags.json {
				return printJSON(cmd.OutOrStdout(), e)
			}
			printExplanation(cmd.OutOrStdout(), e)
			return nil
		},
	}
	flags.register(cmd, true)
	return cmd
}

func printExplanation(w io.Writer, e api.Explanation) {
	fmt.Fprintf(w, "%s: %s\n", strings.TrimSpace(e.Name.String()+" "+e.Type), e.Verdict)
	if e.Zone != "" {
		fmt.Fprintf(w, "zone %s\n", e.Zone)
	}
	if strings.Contains(e.Verdict, "NXDOMAIN") && len(e.Held) == 0 {
		fmt.Fprint(w, "\nNo module gives it now, and no zone file has it. What the inventory knows, and what is broken:\n",
			"    zonecast table inventory.main --key KIND/ID\n    zonecast held\n")
	}
	for _, s := range e.Served {
		fmt.Fprintln(w)
		for _, line := range s.Lines {
			fmt.Fprintln(w, line)
		}
		if s.Set.Rotate != zone.RotateNone {
			fmt.Fprintf(w, "    in %s order\n", s.Set.Rotate)
		}
		fmt.Fprintf(w, "    since version %d%s\n", s.Since.Version, released(s.Since.Released))
		for _, c := range s.Causes {
			fmt.Fprintf(w, "    from %s\n", causeText(c))
		}
	}
	for _, c := range e.Shadowed {
		fmt.Fprintln(w)
		for _, line := range c.Lines {
			fmt.Fprintf(w, "shadowed: %s\n", line)
		}
		fmt.Fprintf(w, "    from %s\n    because: %s", causeText(c), whyText(c.Why))
		if c.By != nil {
			fmt.Fprintf(w, "\n    by %s", causeText(*c.By))
		}
		fmt.Fprintln(w)
	}
	for _, wait := range e.Waiting {
		if len(wait.Lines) == 0 {
			fmt.Fprintf(w, "\nnot released yet: %s is to go\n", wait.Type)
		}
		for _, line := range wait.Lines {
			fmt.Fprintf(w, "\nnot released yet: %s\n", line)
		}
	}
	if e.Back != nil {
		fmt.Fprintf(w, "\n%s\n", backText(e.Back))
	}
	for _, h := range e.Held {
		fmt.Fprintf(w, "\nheld %s, %s %s: %s\n    %s\n", h.ID, h.Unit, h.Subject, h.Cause, h.Effect)
	}
}

func released(at int64) string {
	if at == 0 {
		return ""
	}
	return ", released " + when(at)
}

// when prints a time for people, in UTC.
func when(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

func causeText(c api.Cause) string {
	o := c.Origin
	if !o.Human() {
		if o.Module == "" {
			return "zonecast's defaults"
		}
		text := fmt.Sprintf("module %s, entity %s, source %s", o.Module, o.Entity, o.Source)
		if o.Reason != "" {
			text += fmt.Sprintf(" (%s)", o.Reason)
		}
		return text
	}
	text := c.File
	if o.Glass() {
		text = "set by hand by " + cmp.Or(o.Author, "unknown") + " (" + c.File + ")"
	}
	if c.Line > 0 {
		text += fmt.Sprintf(":%d:%d", c.Line, c.Column)
	}
	if !o.Glass() {
		text += ", commit " + shortCommit(o.Commit)
	}
	if o.Mode != "" {
		text += ", mode " + o.Mode
	}
	if o.Expires > 0 {
		text += ", until " + when(o.Expires)
	}
	if o.Reason != "" {
		text += fmt.Sprintf(" (%s)", o.Reason)
	}
	return text
}

func shortCommit(c string) string {
	if kind, hash, ok := strings.Cut(c, ":"); ok && len(hash) > 12 {
		return kind + ":" + hash[:12]
	}
	if len(c) > 12 {
		return c[:12]
	}
	return c
}
