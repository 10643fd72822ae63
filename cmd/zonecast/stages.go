package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"zonecast/internal/notify"
	"zonecast/internal/service"
	"zonecast/localproxy"
)

func rulesCommand() *cobra.Command {
	return stageCommand("rules", "Run the rules stage: inventory events become generated records",
		`Takes events and full lists of the inventory, keeps them in the store, and makes records of them by the modules that
are loaded: from rules.dir, or by zonecast push --rules.`,
		func(p *process) func() (stage, error) { return p.rules })
}

func presenterCommand() *cobra.Command {
	return stageCommand("presenter", "Run the presenter stage: generated and human records become what is to be served",
		`Merges what rules made with the zone files that people wrote: from presenter.zones, or by zonecast push --zones.`,
		func(p *process) func() (stage, error) { return p.presenter })
}

func publisherCommand() *cobra.Command {
	return stageCommand("publisher", "Run the publisher stage: changes become signed, versioned releases",
		`Gives each change a version, signs it with publisher.key_file (zonecast keygen makes one), and hands base files to
proxies.`,
		func(p *process) func() (stage, error) { return p.publisher })
}

// stageCommand runs one stage against the ensemble of the config.
func stageCommand(name, short, long string, pick func(*process) func() (stage, error)) *cobra.Command {
	var flags stageFlags
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Long:  long + "\nAs a process of its own it needs store.kind: zk in the config. Two of them make a leader and a hot standby.",
		Example: "  zonecast " + name + " -c /etc/zonecast/zonecast.yaml\n" +
			"  zonecast " + name + " -c zonecast.yaml --data data-2 --http 127.0.0.1:5381 --instance second",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := flags.load(cmd)
			if err != nil {
				return err
			}
			return runStage(cmd, cfg, openStore, pick)
		},
	}
	flags.config(cmd)
	flags.listeners(cmd)
	_ = cmd.Flags().MarkHidden("dns") // taken, so that one line starts any stage; only the proxy answers DNS
	return cmd
}

func runStage(cmd *cobra.Command, cfg Config, open opener, pick func(*process) func() (stage, error)) error {
	if cfg.Store.Kind != "zk" {
		return errors.New("a stage as a process of its own needs store.kind: zk in the config; the embedded store is for one process: zonecast up")
	}
	p, err := newProcess(cmd.Context(), cfg, cmd.ErrOrStderr(), open)
	if err != nil {
		return err
	}
	return p.run(cmd.Context(), nil, pick(p))
}

func localproxyCommand() *cobra.Command {
	var flags stageFlags
	var snapshot string
	cmd := &cobra.Command{
		Use:   "localproxy",
		Short: "Run the local proxy: answer DNS from the newest verified release",
		Long: `Follows the signed head of a stream, fetches and verifies releases, keeps the last good one on disk and answers
from it, whatever else is down. It reads the store, or, with localproxy.urls, asks processes of the pipeline over HTTP;
it needs the public key that signs (localproxy.keys or localproxy.key_file). With --snapshot it serves one file and
needs neither. Only this host may ask, unless localproxy.allow or --allow name others.`,
		Example: `  zonecast localproxy -c /etc/zonecast/zonecast.yaml
  zonecast localproxy --snapshot zones.snap --dns 127.0.0.1:5300
  zonecast localproxy --snapshot zones.snap --dns 192.0.2.53:53 --allow loopback --allow 192.0.2.0/24`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := flags.load(cmd)
			if err != nil {
				return err
			}
			cfg.settle() // before the stage takes its part of it
			if snapshot != "" {
				return serveFile(cmd, cfg, snapshot, flags.http != "")
			}
			if len(cfg.LocalProxy.URLs) > 0 {
				return serveRemote(cmd, cfg)
			}
			cfg.Notify = notify.Config{} // the pipeline's processes tell people; a host's proxy may not write what they must
			return runStage(cmd, cfg, startStore, func(p *process) func() (stage, error) { return p.localproxy })
		},
	}
	flags.config(cmd)
	flags.listeners(cmd)
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "serve this snapshot file alone (made by zonecast snapshot build)")
	_ = cmd.MarkFlagFilename("snapshot", "snap")
	return cmd
}

// serveFile answers from one snapshot file; it listens for HTTP only when asked to.
func serveFile(cmd *cobra.Command, cfg Config, path string, withHTTP bool) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	return serveAlone(cmd, cfg, withHTTP, func(h *service.Host) (stage, error) {
		return localproxy.NewFixed(cfg.LocalProxy, path, h)
	})
}

// serveRemote follows releases over HTTP, where a host has no access to the store.
func serveRemote(cmd *cobra.Command, cfg Config) error {
	return serveAlone(cmd, cfg, true, func(h *service.Host) (stage, error) {
		return localproxy.New(cfg.LocalProxy, nil, h)
	})
}

// serveAlone runs a proxy without a store.
func serveAlone(cmd *cobra.Command, cfg Config, withHTTP bool, make func(*service.Host) (stage, error)) error {
	log, err := newLogger(cfg.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	token, read, err := cfg.tokens()
	if err != nil {
		return err
	}
	p := &process{cfg: cfg, host: service.NewHost(cfg.Instance, token, log)}
	p.host.ReadToken = read
	p.host.Mux.HandleFunc("/v1/", p.host.Guard(p.storeless))
	s, err := make(p.host)
	if err != nil {
		return err
	}
	group, _ := service.NewGroup(cmd.Context())
	if withHTTP {
		l, err := p.listen()
		if err != nil {
			return err
		}
		group.Go("http", func(ctx context.Context) error { return p.host.Serve(ctx, l) })
	}
	group.Go("localproxy", s.Run)
	return p.ended(group.Wait())
}
