package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/alarm"
	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/table"
)

// pipelineStatus is the answer to GET /v1/status.
type pipelineStatus struct {
	Stream    string                 `json:"stream"`
	Head      map[string]string      `json:"head"`
	Leaders   map[string]leader.Info `json:"leaders"`
	Tables    map[string]table.Head  `json:"tables"`
	Sources   map[string]int64       `json:"sources"`
	Held      int                    `json:"held"`
	HeldBy    map[string]int         `json:"held_by"`
	Conflicts int64                  `json:"conflicts"`
	Proxies   fleet.Summary          `json:"proxies"`
	Back      *release.Rollback      `json:"rolled_back,omitempty"`
	Alarms    []alarm.Alarm          `json:"alarms"`
}

// Exit codes of status --check, as those of staleness.
const (
	checkWarning  = 1
	checkCritical = 2
	checkUnasked  = 3
)

// verdict is the exit code of --check.
func (s pipelineStatus) verdict() int {
	worst := 0
	for _, a := range s.Alarms {
		switch a.Severity {
		case alarm.Critical:
			return checkCritical
		case alarm.Warning:
			worst = checkWarning
		}
	}
	return worst
}

func statusCommand() *cobra.Command {
	var flags clientFlags
	var watch, check bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the pipeline on one screen: alarms, leaders, how current each source is, the newest release",
		Long: `Shows what is wrong now (the alarms of README.md, section Alerting, as far as the store knows them), who leads each
stage, how current each source and table is, the newest release, what is held, and which versions the proxies that report serve.

Exit status: 0, also when something is wrong; 1 when nobody could be asked. With --check it is a monitoring check: 0
fine, 1 a warning, 2 something critical, 3 could not ask.`,
		Example: `  zonecast status
  zonecast status --watch
  zonecast status --check || echo look at it
  zonecast status --json | jq .head.version`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return unasked(check, err)
			}
			v := viewer{out: cmd.OutOrStdout(), json: flags.json, ask: func(ctx context.Context) (s pipelineStatus, err error) {
				err = c.get(ctx, "/v1/status", nil, &s)
				return s, err
			}}
			if watch {
				if every < 100*time.Millisecond {
					return fmt.Errorf("--interval %v: at least 100ms", every)
				}
				return v.watch(cmd.Context(), every)
			}
			s, err := v.ask(cmd.Context())
			if err != nil {
				return unasked(check, err)
			}
			if err := v.show(s); err != nil {
				return err
			}
			if code := s.verdict(); check && code != 0 {
				return exitCode{code: code}
			}
			return nil
		},
	}
	flags.register(cmd, true)
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again and again, until Ctrl-C")
	cmd.Flags().DurationVar(&every, "interval", 2*time.Second, "how often --watch does")
	cmd.Flags().BoolVar(&check, "check", false, "exit with 1 for a warning, 2 for something critical, 3 when nobody could be asked")
	return cmd
}

func unasked(check bool, err error) error {
	if check {
		return exitCode{checkUnasked, err}
	}
	return err
}
