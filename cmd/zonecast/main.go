// Command zonecast carries DNS from inventory to every host: rules, presenter, publisher and local proxy in one program.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// exitCode is an error that ends the program with a certain status; a nil cause says nothing more.
type exitCode struct {
	code  int
	cause error
}

func (e exitCode) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.cause.Error()
}

func (e exitCode) Unwrap() error { return e.cause }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second signal ends the program at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := 1
	var exit exitCode
	if errors.As(err, &exit) {
		if code = exit.code; exit.cause == nil {
			return code
		}
	}
	fmt.Fprintln(os.Stderr, "zonecast:", err)
	return code
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "zonecast",
		Short: "DNS from inventory to every host",
		Long: `zonecast turns inventory events into DNS records by rules, merges them with reviewed YAML, publishes signed
versions, and serves the newest on every host.

Start with:  zonecast init my-dns --zone corp.example && cd my-dns && zonecast up`,
		Version:       buildVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "ask", Title: "Ask a running pipeline:"},
		&cobra.Group{ID: "change", Title: "Change what is served:"}, &cobra.Group{ID: "offline", Title: "Work with files:"})
	inGroup := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	inGroup("run", upCommand(), rulesCommand(), presenterCommand(), publisherCommand(), localproxyCommand())
	inGroup("ask", queryCommand(), explainCommand(), conflictsCommand(), overridesCommand(), heldCommand(), releasesCommand(), statusCommand(), proxiesCommand(), tableCommand(), stalenessCommand(), compareCommand(), notifyCommand())
	inGroup("change", eventCommand(), planCommand(), pushCommand(), overrideCommand(), backupCommand(), restoreCommand())
	inGroup("offline", initCommand(), checkCommand(), fmtCommand(), schemaCommand(), snapshotCommand(), exportCommand(), importCommand(), keygenCommand(), storeCommand())
	explainUsage(root)
	return root
}

// buildVersion is the module's version, or the commit it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
