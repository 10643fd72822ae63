package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zonecast/internal/zone"
)

// Formats in which problems are printed.
const (
	formatText = "text"
	formatJSON = "json"
)

var checkFormats = []string{formatText, formatJSON}

// checkOptions are what is said of check beside what it looks at.
type checkOptions struct {
	format, explain    string
	strict, list, json bool
}

func (o *checkOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "format", formatText, "text or json (one problem a line)")
	cmd.Flags().BoolVar(&o.json, "json", false, "the same as --format json")
	cmd.Flags().BoolVar(&o.strict, "strict", false, "warnings count as problems too: exit 1")
	cmd.Flags().BoolVar(&o.list, "list", false, "list every check there is, with what is wrong and how to mend it")
	cmd.Flags().StringVar(&o.explain, "explain", "", "explain the check of this `CODE`")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(checkFormats, cobra.ShellCompDirectiveNoFileComp))
}

func (o *checkOptions) settle() error {
	if o.json {
		o.format = formatJSON
	}
	if !slices.Contains(checkFormats, o.format) {
		return fmt.Errorf("--format %s: one of %s is wanted", o.format, strings.Join(checkFormats, ", "))
	}
	return nil
}

func reportProblems(cmd *cobra.Command, problems []zone.Problem, opt checkOptions) error {
	w, errs := cmd.OutOrStdout(), 0
	for _, p := range problems {
		if p.Severity == zone.Error {
			errs++
		}
		if opt.format == formatJSON {
			if err := printLine(w, p); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(w, p.Error())
	}
	if opt.format == formatText {
		switch warnings := len(problems) - errs; {
		case len(problems) == 0:
			fmt.Fprintln(w, "no problems")
		default:
			fmt.Fprintf(w, "%s, %s\n", count(errs, "error"), count(warnings, "warning"))
		}
	}
	if errs > 0 || opt.strict && len(problems) > 0 {
		return exitCode{code: 1}
	}
	return nil
}
