package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"zonecast/internal/durable"
	"zonecast/internal/plan"
	"zonecast/internal/plan/show"
)

// planFlags say what is planned, against what, and how it is shown.
type planFlags struct {
	ask                     clientFlags
	inputs                  stageFlags
	source, commit          string
	base, snapshot, release string
	out                     string
	detailed                bool
	form                    planForm
}

// exitChanges is the status of a plan that changes something, with --detailed-exitcode.
const exitChanges = 2

func planCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what edited rules and zones would change in what is served",
		Long: `Says what pushing the folders would do, and does nothing: which names are created, changed and deleted, the RRsets
before and after, who causes it (module and entity, or file:line), what it shadows or brings back, and what would stop it.

Against the running pipeline (the default): it is asked over HTTP, a token that may only read is enough, and only files
that differ are sent. A changed module is evaluated on the live inventory. Or without a pipeline:

  --base REV        another git revision of the same folders; rules need --inventory
  --snapshot FILE   a snapshot file
  --release V       a release that the pipeline keeps, or "newest"

-o writes the plan file, which reviewers approve by its digest and "zonecast push --plan" holds a push to.

Exit status: 0 planned, 1 it could not be planned. With --detailed-exitcode 0 nothing changes, 2 something does, 1 error.
docs/plan.md says how to read a plan.`,
		Example: `  zonecast plan --rules rules --zones zones
  zonecast plan --zones zones --format markdown -o plan.json > comment.md
  zonecast plan --base origin/main --rules rules --zones zones --inventory inventory.yaml
  zonecast plan show plan.json --format html > plan.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.ask.register(cmd, false)
	f.inputs.inputs(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.source, "source", "main", "the source whose rules are planned")
	flags.StringVar(&f.commit, "commit", "", "the commit these files stand for (default what git says)")
	flags.StringVar(&f.base, "base", "", "compare with this git `revision`, without a pipeline")
	flags.StringVar(&f.snapshot, "snapshot", "", "compare with this snapshot `file`, without a pipeline")
	flags.StringVar(&f.release, "release", "", "compare with this `version` of the pipeline's releases, or \"newest\"")
	flags.StringVarP(&f.out, "output", "o", "", "write the plan `file` too, for reviewers and for push --plan")
	flags.BoolVar(&f.detailed, "detailed-exitcode", false, "exit 2 if something changes, 0 if nothing does")
	cmd.MarkFlagsMutuallyExclusive("base", "snapshot", "release")
	_ = cmd.MarkFlagFilename("snapshot", "snap")
	_ = cmd.MarkFlagFilename("output", "json")
	f.form.register(cmd)
	cmd.AddCommand(planShowCommand())
	return cmd
}

func (f *planFlags) run(cmd *cobra.Command) error {
	if err := f.form.check(); err != nil {
		return err
	}
	p, err := f.make(cmd)
	if err != nil {
		return err
	}
	var both errgroup.Group // a large file takes its time on the way to the disk
	both.Go(func() error { return f.form.print(cmd.OutOrStdout(), p) })
	if f.out != "" {
		both.Go(func() error {
			return durable.Write(f.out, 0o644, func(w io.Writer) error { return show.JSON(w, p) })
		})
	}
	if err := both.Wait(); err != nil {
		return err
	}
	if f.detailed && !p.Empty() {
		return exitCode{code: exitChanges}
	}
	return nil
}

func planShowCommand() *cobra.Command {
	var form planForm
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a plan file again, in any format",
		Long:  `Reads a plan file that "zonecast plan -o" wrote, checks its digest, and prints it. A CI job plans once and shows it often.`,
		Example: `  zonecast plan show plan.json
  zonecast plan show plan.json --format markdown > comment.md
  zonecast plan show plan.json --format html > plan.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := form.check(); err != nil {
				return err
			}
			p, err := readPlan(args[0])
			if err != nil {
				return err
			}
			return form.print(cmd.OutOrStdout(), p)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	form.register(cmd)
	return cmd
}

func readPlan(path string) (*plan.Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p, err := plan.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// planForm is how a plan is printed.
type planForm struct {
	format string
	limit  int
}

var planFormats = []string{"text", "markdown", "html", "json"}

func (f *planForm) register(cmd *cobra.Command) {
	formatFlag(cmd, &f.format, "text, markdown (a comment at a pull request), html (one page, with search) or json", planFormats...)
	cmd.Flags().IntVar(&f.limit, "limit", 500, "names that text shows at most; 0 is all")
}

func (f *planForm) check() error {
	switch {
	case !slices.Contains(planFormats, f.format):
		return fmt.Errorf("--format %q: one of %s", f.format, strings.Join(planFormats, ", "))
	case f.limit < 0:
		return errors.New("--limit is negative: 0 shows all")
	}
	return nil
}

func (f *planForm) print(w io.Writer, p *plan.Plan) error {
	switch f.format {
	case "markdown":
		return show.Markdown(w, p)
	case "html":
		return show.HTML(w, p)
	case "json":
		return show.JSON(w, p)
	}
	_, _, terminal := terminalSize(w)
	return show.Text(w, p, show.Options{Color: terminal && os.Getenv("NO_COLOR") == "", Limit: f.limit})
}
