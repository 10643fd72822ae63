package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/checkout"
	"zonecast/internal/override"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

func overridesCommand() *cobra.Command {
	var flags clientFlags
	var f overrideFilter
	var zones, format string
	cmd := &cobra.Command{
		Use:   "overrides",
		Short: "List what people override: why, since when, until when, and whether it still matters",
		Long: `Lists every record of people that replaces, masks or is merged into what rules generate, or that has an end, in force or not; and
what was set by hand (zonecast override set). An override no longer matters when the generated value is now the same, or when nothing is
generated there any more: take it out of the zone file then.

With --zones it reads zone files instead of asking a pipeline: what is generated is not known then. Ages come from git.`,
		Example: `  zonecast overrides
  zonecast overrides --zone prod.example --expiring 7d
  zonecast overrides --stale --format json | jq -r .file
  zonecast overrides --zones zones`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %q: text or json", format)
			}
			f.now = time.Now()
			if err := f.check(); err != nil {
				return err
			}
			var found []override.Override
			take := func(o override.Override) error {
				if f.wants(o) {
					found = append(found, o)
				}
				return nil
			}
			if err := eachOverride(cmd.Context(), &flags, zones, f.now, take); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if format == "text" && len(found) == 0 {
				fmt.Fprintln(w, "no overrides")
			}
			for _, o := range found {
				if format == "json" {
					if err := printLine(w, o); err != nil {
						return err
					}
					continue
				}
				printOverride(w, o, f.now)
			}
			return nil
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&zones, "zones", "", "folder of zone files to read, instead of asking a running pipeline")
	cmd.Flags().StringVar(&f.zone, "zone", "", "only those of this zone")
	cmd.Flags().StringVar(&f.expiring, "expiring", "", "only those that end within this time (36h, 7d), or have ended")
	cmd.Flags().BoolVar(&f.stale, "stale", false, "only those that no longer matter, or have ended")
	formatFlag(cmd, &format, "text, or json: one object a line", "text", "json")
	_ = cmd.MarkFlagDirname("zones")
	return cmd
}

func eachOverride(ctx context.Context, flags *clientFlags, zones string, now time.Time, take func(override.Override) error) error {
	if zones != "" {
		return overridesInFiles(ctx, zones, now, take)
	}
	c, err := flags.client()
	if err != nil {
		return err
	}
	return list(ctx, c, "/v1/overrides", nil, take)
}

// overrideFilter says which are listed.
type overrideFilter struct {
	zone, expiring string
	stale          bool

	now    time.Time
	apex   zone.Name
	within time.Duration
}

func (f *overrideFilter) check() (err error) {
	if f.zone != "" {
		if f.apex, err = zone.ParseName(strings.TrimSuffix(f.zone, ".") + "."); err != nil {
			return fmt.Errorf("--zone: %w", err)
		}
	}
	if f.expiring != "" {
		if f.within, err = parseDays(f.expiring); err != nil {
			return fmt.Errorf("--expiring: %w", err)
		}
	}
	return nil
}

func (f *overrideFilter) wants(o override.Override) bool {
	switch {
	case f.apex != "" && o.Zone != f.apex:
		return false
	case f.expiring != "" && (o.Expires == 0 || time.Unix(o.Expires, 0).Sub(f.now) > f.within):
		return false
	case f.stale && o.Stale == "" && o.State != override.Expired:
		return false
	}
	return true
}

// parseDays reads a duration that may be in days: 36h, 7d.
func parseDays(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time: write, for example, 36h or 7d", text)
	}
	return d, nil
}

// overridesInFiles lists those of a folder of zone files. What is generated is not known.
func overridesInFiles(ctx context.Context, dir string, now time.Time, take func(override.Override) error) error {
	set, err := readFolder(ctx, dir)
	if err != nil {
		return err
	}
	zones, _ := zonefile.Parse(set.Files, zonefile.Options{DefaultTTL: 3600, Now: now})
	ages := checkout.NewAges(dir)
	for _, z := range zones.Zones {
		for _, r := range z.Records {
			h := r.Human
			if !override.IsOne(row.Origin{File: h.File, Mode: h.Mode, Expires: h.Expires}) {
				continue
			}
			o := override.Override{Name: r.Owner, Type: h.Set.Type, Zone: z.Apex, Mode: h.Mode, Scope: h.Scope, Set: h.Set, State: override.InForce,
				Reason: h.Reason, Expires: h.Expires, File: set.Prefix + h.File, Line: r.Line, Column: r.Column}
			if h.Expires != 0 && h.Expires <= now.Unix() {
				o.State = override.Expired
			}
			o.Since, o.By, o.Commit = ages.Line(ctx, h.File, r.Line)
			if err := take(o); err != nil {
				return err
			}
		}
	}
	var broken []string
	for _, b := range zones.Broken {
		broken = append(broken, filepath.Join(dir, b.Files[0]))
	}
	if broken != nil {
		return fmt.Errorf("not all files can be read, see zonecast check: %s", strings.Join(broken, ", "))
	}
	return nil
}

var staleText = map[string]string{
	override.Same:    "no longer matters: the generated value is now the same",
	override.Nothing: "no longer matters: nothing is generated there any more",
}

func printOverride(w io.Writer, o override.Override, now time.Time) {
	typ := o.Type.String()
	if o.Type == zonefile.TypeAny {
		typ = "everything"
	}
	value := ""
	for i, d := range o.Set.Data {
		if i == 3 {
			value += fmt.Sprintf(", … (%d values)", len(o.Set.Data))
			break
		}
		value += ", " + zone.RdataText(o.Type, d)
	}
	fmt.Fprintf(w, "%s %s%s\n", o.Name, typ, strings.Replace(value, ", ", " ", 1))
	state := map[string]string{override.InForce: "in force", override.Expired: "not in force: its time is over"}[o.State]
	if o.State == override.Shadowed {
		state = "not served: " + whyText(o.Why)
	}
	mode := cmp.Or(o.Mode, "no mode")
	if o.Scope == zonefile.ScopeName {
		mode += " (the whole name)"
	}
	fmt.Fprintf(w, "    %s, %s", mode, state)
	if o.Since > 0 {
		fmt.Fprintf(w, ", for %s", days(now.Sub(time.Unix(o.Since, 0))))
	}
	switch left := time.Unix(o.Expires, 0).Sub(now); {
	case o.Expires == 0:
		fmt.Fprint(w, ", no end")
	case left > 0:
		fmt.Fprintf(w, ", until %s (%s)", when(o.Expires), days(left))
	default:
		fmt.Fprintf(w, ", since %s (%s)", when(o.Expires), days(-left))
	}
	fmt.Fprintln(w)
	place := o.File
	if strings.HasPrefix(place, row.GlassFile) {
		place = "set by hand, " + place
	} else if o.Line > 0 {
		place += fmt.Sprintf(":%d", o.Line)
	}
	if o.By != "" {
		place += ", by " + o.By
	}
	fmt.Fprintf(w, "    %s\n", place)
	if o.Reason != "" {
		fmt.Fprintf(w, "    reason: %s\n", o.Reason)
	}
	for i, s := range o.Shadows {
		if i == 5 {
			fmt.Fprintf(w, "    shadows %d more\n", len(o.Shadows)-i)
			break
		}
		from := s.Origin.File
		if !s.Origin.Human() {
			from = "module " + s.Origin.Module + ", entity " + s.Origin.Entity
		}
		fmt.Fprintf(w, "    shadows %s, from %s\n", strings.Join(s.Set.Lines(o.Name), "; "), from)
	}
	if text, ok := staleText[o.Stale]; ok {
		fmt.Fprintf(w, "    %s\n", text)
	}
}

// days prints a time as people say it: in minutes, hours or days.
func days(d time.Duration) string {
	switch {
	case d < time.Hour:
		return d.Truncate(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
