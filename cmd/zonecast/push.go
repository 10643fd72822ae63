package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func pushCommand() *cobra.Command {
	var flags clientFlags
	var rulesDir, zonesDir, commit, source string
	var approval approvedPlan
	cmd := &cobra.Command{
		Use:   "push [--rules DIR] [--zones DIR] [--plan FILE]",
		Short: "Load reviewed files into a running pipeline",
		Long: `Reads the folders until two passes agree and commits them to the tables zones and rules with their git commit. A
commit that does not descend from the loaded one is held; in CI, fetch the whole history.

With --plan only the approved effect is loaded: a push that would do something else now, other than by events of the
inventory, is held and says what differs. --digest is what reviewers saw: a plan file with another one is not sent.

Exit status: 0 loaded, 1 something is held or has errors (warnings are allowed), 2 not sent.`,
		Example: `  zonecast push --zones zones --rules rules/modules --http dns-control.example:5380 --token-file token
  zonecast push --zones zones --rules rules/modules --plan plan.json --digest sha256:8f3a…`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rulesDir == "" && zonesDir == "" {
				return exitCode{2, errors.New("nothing to push: name --rules or --zones")}
			}
			if err := approval.read(rulesDir != "", zonesDir != ""); err != nil {
				return exitCode{2, err}
			}
			c, err := flags.client()
			if err != nil {
				return exitCode{2, err}
			}
			held := false
			for _, part := range []struct{ dir, table, path string }{{rulesDir, "rules." + source, "/v1/rules"}, {zonesDir, "zones", "/v1/zones"}} {
				if part.dir == "" {
					continue
				}
				answer, err := push(cmd.Context(), c, part.dir, part.table, part.path, commit, approval.plan)
				if err != nil {
					return exitCode{2, fmt.Errorf("%s: %w", part.dir, err)}
				}
				w := cmd.OutOrStdout()
				if flags.json {
					if err := printLine(w, answer); err != nil {
						return err
					}
				} else {
					fmt.Fprintf(w, "%s: %s\n", part.dir, answer.Status)
					for _, p := range answer.Problems {
						fmt.Fprintf(w, "  %s\n", p.Error())
					}
					if answer.HeldID != "" {
						if cause := causeOfHeld(cmd.Context(), c, answer.HeldID); cause != "" && len(answer.Problems) == 0 {
							fmt.Fprintf(w, "  %s\n", cause)
						}
						fmt.Fprintf(w, "  held: zonecast held show %s\n", answer.HeldID)
					}
				}
				held = held || answer.Status == load.StatusHeld || answer.HeldID != "" ||
					slices.ContainsFunc(answer.Problems, func(p zone.Problem) bool { return p.Severity == zone.Error })
			}
			if held {
				return exitCode{code: 1}
			}
			return nil
		},
	}
	flags.register(cmd, true)
	flags.lines(cmd)
	cmd.Flags().StringVar(&rulesDir, "rules", "", "folder of rule modules")
	cmd.Flags().StringVar(&zonesDir, "zones", "", "folder of zone files")
	cmd.Flags().StringVar(&commit, "commit", "", "the commit these files stand for (default what git says)")
	approval.register(cmd)
	cmd.Flags().StringVar(&source, "source", "main", "the source whose rules are pushed")
	_ = cmd.MarkFlagDirname("rules")
	_ = cmd.MarkFlagDirname("zones")
	return cmd
}

// push sends a folder; when somebody else loaded something meanwhile it looks again, three times at most.
func push(ctx context.Context, c *client, dir, table, path, commit string, approved *plan.Plan) (answer load.Answer, err error) {
	set, err := checkout.Read(ctx, dir)
	if err != nil {
		return answer, err
	}
	if commit != "" {
		set.Commit = commit
		if set.Head == "" {
			set.Head = commit
		}
	}
	for range 3 {
		var loads map[string]row.Load
		if err := c.get(ctx, "/v1/loads", nil, &loads); err != nil {
			return answer, err
		}
		now := loads[table]
		sent := checkout.Compare(ctx, dir, set, now.Commit, now.Head)
		sent.Plan = approved
		err = c.call(ctx, "PUT", path, sent, &answer)
		var no *apiError
		if !errors.As(err, &no) || no.Status != 409 {
			return answer, err
		}
	}
	return answer, err
}
