package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/check"
	"zonecast/internal/check/report"
)

// Formats in which problems are printed.
const (
	formatText   = "text"
	formatJSON   = "json"
	formatGitHub = "github"
	formatSARIF  = "sarif"
)

var checkFormats = []string{formatText, formatJSON, formatGitHub, formatSARIF}

// checkOptions are what is said of check beside what it looks at.
type checkOptions struct {
	format, explain string
	snapshot        string
	strict, list    bool
}

func (o *checkOptions) flags(cmd *cobra.Command) {
	formatFlag(cmd, &o.format, "text, json (one problem a line), github (workflow commands) or sarif (2.1.0)", checkFormats...)
	cmd.Flags().StringVar(&o.snapshot, "snapshot", "", "what is served now: a snapshot `file`, to look into for names of other zones")
	_ = cmd.MarkFlagFilename("snapshot")
	cmd.Flags().BoolVar(&o.strict, "strict", false, "warnings count as problems too: exit 1")
	cmd.Flags().BoolVar(&o.list, "list", false, "list every check there is, with what is wrong and how to mend it")
	cmd.Flags().StringVar(&o.explain, "explain", "", "explain the check of this `code`")
	_ = cmd.RegisterFlagCompletionFunc("explain", func(*cobra.Command, []string, string) (codes []string, _ cobra.ShellCompDirective) {
		for _, c := range check.All() {
			codes = append(codes, cobra.CompletionWithDesc(c.Code, c.Text))
		}
		return codes, cobra.ShellCompDirectiveNoFileComp
	})
}

func (o *checkOptions) settle() error {
	if !slices.Contains(checkFormats, o.format) {
		return fmt.Errorf("--format %q: one of %s", o.format, strings.Join(checkFormats, ", "))
	}
	return nil
}

// show prints what was found; the error is the exit status.
func (o *checkOptions) show(cmd *cobra.Command, r report.Report) error {
	w := cmd.OutOrStdout()
	var err error
	switch o.format {
	case formatJSON:
		err = report.JSON(w, r)
	case formatGitHub:
		err = report.GitHub(w, r)
	case formatSARIF:
		err = report.SARIF(w, r, buildVersion())
	default:
		_, _, terminal := terminalSize(w)
		err = report.Text(w, r, screenOf(time.Time{}, 0, terminal).color)
	}
	if err != nil {
		return exitCode{2, err}
	}
	if errs, warnings := r.Count(); errs > 0 || o.strict && warnings > 0 {
		return exitCode{code: 1}
	}
	return nil
}
