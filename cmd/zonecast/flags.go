package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

// formatFlag registers --format, whose first value is the default, and --json, which many commands have alone.
func formatFlag(cmd *cobra.Command, format *string, usage string, formats ...string) {
	cmd.Flags().StringVar(format, "format", formats[0], usage)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().BoolFunc("json", "the same as --format json", func(text string) error {
		on, err := strconv.ParseBool(text)
		if on {
			*format = "json"
		}
		return err
	})
}

// stageFlags are the flags by which commands override the config file.
type stageFlags struct {
	file, data, rules, zones, http, instance string
	inventory, dns, allow                    []string
}

func (f *stageFlags) config(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "config file (default "+defaultConfigFile+", if there is one)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

func (f *stageFlags) inputs(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.rules, "rules", "", "folder of rule modules and kinds.yaml")
	cmd.Flags().StringVar(&f.zones, "zones", "", "folder of zone files (octoDNS YAML)")
	cmd.Flags().StringArrayVar(&f.inventory, "inventory", nil, "inventory file, a full list (YAML, JSON or NDJSON); may be repeated")
	_ = cmd.MarkFlagDirname("rules")
	_ = cmd.MarkFlagDirname("zones")
	_ = cmd.MarkFlagFilename("inventory", "yaml", "yml", "json", "ndjson")
}

func (f *stageFlags) listeners(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.data, "data", "", "folder for the store, releases and last-good (default \"data\" beside the config file)")
	cmd.Flags().StringArrayVar(&f.dns, "dns", nil, "address that answers DNS (default 127.0.0.1:5300 and [::1]:5300); may be repeated")
	cmd.Flags().StringArrayVar(&f.allow, "allow", nil, "network or address that may ask DNS, or loopback, or host (default these two); may be repeated")
	cmd.Flags().StringVar(&f.http, "http", "", "address of the HTTP API (default "+defaultHTTP+")")
	cmd.Flags().StringVar(&f.instance, "instance", "", "id of this process, where two of a stage run on one host (default the host's name)")
	_ = cmd.MarkFlagDirname("data")
}

// load reads the config file and lets the flags override it.
func (f *stageFlags) load(cmd *cobra.Command) (Config, bool, error) {
	cfg, found, err := loadConfig(f.file)
	if err != nil {
		return cfg, found, err
	}
	if f.override(&cfg) {
		found = true
	}
	if f.instance != "" {
		return cfg, found, cfg.check("--instance")
	}
	return cfg, found, nil
}

// override puts the flags in place of the file's keys, and tells whether they name what is to be worked on. Naming any of
// --rules, --zones, --inventory drops the file's other two: a half of somebody else's data is never mixed in.
func (f *stageFlags) override(cfg *Config) (named bool) {
	if f.rules != "" || f.zones != "" || len(f.inventory) > 0 {
		cfg.Rules.Dir, cfg.Presenter.Zones, cfg.Rules.Inventory = f.rules, f.zones, f.inventory
		named = true
	}
	if f.data != "" {
		cfg.Data = f.data
	}
	if f.http != "" {
		cfg.HTTP.Listen = f.http
	}
	if len(f.dns) > 0 {
		cfg.LocalProxy.DNS = f.dns
	}
	if len(f.allow) > 0 {
		cfg.LocalProxy.Allow = f.allow
	}
	if f.instance != "" {
		cfg.Instance = f.instance
	}
	return named
}
