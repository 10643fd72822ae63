package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"zonecast/localproxy/staleness"
)

// explainUsage makes errors of usage, of every command below one, say where help is, and end with the code that the command
// keeps for what it could not do: monitoring and CI must not take a slip of the pen for a finding.
func explainUsage(cmd *cobra.Command) {
	code := 1
	switch cmd.Name() {
	case "check", "push", "query", "build", "fmt":
		code = 2
	case "status":
		code = checkUnasked
	case "staleness":
		code = staleness.Unasked
	}
	wrap := func(c *cobra.Command, err error) error {
		if err == nil {
			return nil
		}
		return exitCode{code, fmt.Errorf("%w; see: %s --help", err, c.CommandPath())}
	}
	if cmd.HasParent() && cmd.HasSubCommands() && !cmd.Runnable() { // cobra would print help for any word, and succeed
		cmd.Args = cobra.NoArgs
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error { return wrap(c, check(c, args)) }
	}
	cmd.SetFlagErrorFunc(wrap)
	for _, sub := range cmd.Commands() {
		explainUsage(sub)
	}
}
