package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/notify"
	"zonecast/internal/store/zk"
	"zonecast/localproxy"
	"zonecast/presenter"
	"zonecast/publisher"
	"zonecast/rules"
)

// Config is the file zonecast.yaml. Every key may be left out; flags override the file; relative paths are
// relative to the file's folder.
type Config struct {
	// Instance is this process's id in logs, leaderships and offers: the same after a restart, and of one process
	// only. Default: the host's name.
	Instance string `yaml:"instance"`
	// Data is the folder for what this process keeps: the embedded store, base files, last-good, keys. Default "data".
	Data string `yaml:"data"`
	// RequirePlan has rules and zone files loaded only with a plan that was approved, and only when their effect is
	// that plan's; what comes without is held.
	RequirePlan bool `yaml:"require_plan"`
	// Store is where the stages meet.
	Store StoreConfig `yaml:"store"`
	// HTTP is the listener for events, pushes, questions, bases and metrics.
	HTTP HTTPConfig `yaml:"http"`
	// Log says how much is logged, and how.
	Log LogConfig `yaml:"log"`
	// Check is how strict zonecast check is.
	Check CheckConfig `yaml:"check"`
	// Notify says whom to tell what is wrong.
	Notify notify.Config `yaml:"notify"`
	// The stages.
	Rules      rules.Config      `yaml:"rules"`
	Presenter  presenter.Config  `yaml:"presenter"`
	Publisher  publisher.Config  `yaml:"publisher"`
	LocalProxy localproxy.Config `yaml:"localproxy"`
}

// StoreConfig chooses the store.
type StoreConfig struct {
	// Kind is "embedded" (one file in the data folder, one process) or "zk".
	Kind string `yaml:"kind"`
	// ZK says how to reach the ZooKeeper ensemble.
	ZK zk.Config `yaml:"zk"`
}

// HTTPConfig is the HTTP listener, and where commands find it.
type HTTPConfig struct {
	// Listen is the address, "127.0.0.1:5380" by default. Beyond loopback a token is required.
	Listen string `yaml:"listen"`
	// Advertise is the URL by which other processes reach the listener, where its own address will not do.
	Advertise string `yaml:"advertise"`
	// TokenFile holds the token that writers and askers present.
	TokenFile string `yaml:"token_file"`
	// ReadTokenFile holds a token with which all questions may be asked and plans made, and nothing be changed. It is for
	// those who review; token_file must be there too.
	ReadTokenFile string `yaml:"read_token_file"`
	// ReportTokenFile holds a token with which proxies without a store may report themselves, and do nothing else.
	ReportTokenFile string `yaml:"report_token_file"`
}

// LogConfig is the log on standard error.
type LogConfig struct {
	Level  string `yaml:"level"`  // debug, info, warn or error; default info
	Format string `yaml:"format"` // text or json; default text
}

const (
	defaultConfigFile = "zonecast.yaml"
	defaultHTTP       = "127.0.0.1:5380"
)

func defaultConfig() Config {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	c := Config{
		Instance: host, Data: "data",
		Store:      StoreConfig{Kind: "embedded", ZK: zk.DefaultConfig()},
		HTTP:       HTTPConfig{Listen: defaultHTTP},
		Log:        LogConfig{Level: "info", Format: "text"},
		Check:      CheckConfig{ExpiresWithin: defaultExpiresWithin},
		Notify:     notify.DefaultConfig(),
		Rules:      rules.DefaultConfig(),
		Presenter:  presenter.DefaultConfig(),
		Publisher:  publisher.DefaultConfig(),
		LocalProxy: localproxy.DefaultConfig(),
	}
	c.Rules.Go = goModules
	// Where these stand follows from Data, unless they are given: see place.
	c.Publisher.Data, c.Publisher.KeyFile, c.LocalProxy.Data = "", "", ""
	return c
}

// loadConfig reads a file strictly. With an empty path it reads zonecast.yaml if there is one, and takes the
// defaults if not; found tells which.
func loadConfig(path string) (c Config, found bool, err error) {
	c = defaultConfig()
	named := path != ""
	if !named {
		path = defaultConfigFile
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		c.place(".")
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("config: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, false, fmt.Errorf("config %s: %s", path, plainYAML(err))
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return c, false, fmt.Errorf("config %s: more than one YAML document", path)
	}
	c.place(filepath.Dir(path))
	return c, true, c.check(path)
}

// place makes paths of the file relative to its folder.
func (c *Config) place(dir string) {
	at := func(p *string) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for _, p := range []*string{&c.Data, &c.HTTP.TokenFile, &c.HTTP.ReadTokenFile, &c.HTTP.ReportTokenFile, &c.Rules.Dir, &c.Presenter.Zones, &c.Publisher.Data, &c.Publisher.KeyFile,
		&c.LocalProxy.Data, &c.LocalProxy.KeyFile, &c.LocalProxy.Report.TokenFile, &c.Store.ZK.AuthFile} {
		at(p)
	}
	for name, r := range c.Notify.Receivers {
		at(&r.URLFile)
		at(&r.TokenFile)
		at(&r.CA)
		c.Notify.Receivers[name] = r
	}
	if tls := c.Store.ZK.TLS; tls != nil {
		at(&tls.CA)
		at(&tls.Cert)
		at(&tls.Key)
	}
	for name, p := range c.Rules.Processes {
		if p.Dir == "" {
			p.Dir = "."
		}
		at(&p.Dir)
		c.Rules.Processes[name] = p
	}
	for i, entry := range c.Rules.Inventory {
		name, path, ok := strings.Cut(entry, "=")
		if !ok {
			name, path = "", entry
		}
		at(&path)
		if ok {
			path = name + "=" + path
		}
		c.Rules.Inventory[i] = path
	}
}

// settle fills what follows from other keys, after flags have had their say.
func (c *Config) settle() {
	c.Rules.RequirePlan, c.Presenter.RequirePlan = c.RequirePlan, c.RequirePlan
	for p, def := range map[*string]string{
		&c.Publisher.Data:    "publisher",
		&c.Publisher.KeyFile: "publisher/key",
		&c.LocalProxy.Data:   "localproxy",
	} {
		if *p == "" {
			*p = filepath.Join(c.Data, def)
		}
	}
	if c.LocalProxy.KeyFile == "" && len(c.LocalProxy.Keys) == 0 {
		c.LocalProxy.KeyFile = c.Publisher.KeyFile + ".pub"
	}
}

func (c *Config) check(path string) error {
	switch {
	case c.Store.Kind != "embedded" && c.Store.Kind != "zk":
		return fmt.Errorf("config %s: store.kind is %q, not embedded or zk", path, c.Store.Kind)
	case c.Log.Format != "text" && c.Log.Format != "json":
		return fmt.Errorf("config %s: log.format is %q, not text or json", path, c.Log.Format)
	case c.Instance == "" || len(c.Instance) > 100 || strings.ContainsAny(c.Instance, "/ \t\n"):
		return fmt.Errorf("config %s: instance %q must be 1 to 100 characters without spaces or slashes", path, c.Instance)
	}
	return nil
}

// token reads the token file; "" when none is configured.
func (c *Config) token() (string, error) { return readToken(c.HTTP.TokenFile) }

// tokens reads what writers present, and what askers may; "" where none is configured.
func (c *Config) tokens() (write, read string, err error) {
	if write, err = c.token(); err != nil {
		return "", "", err
	}
	if read, err = readToken(c.HTTP.ReadTokenFile); err != nil {
		return "", "", err
	}
	switch {
	case read == "":
	case write == "":
		return "", "", errors.New("http.read_token_file without http.token_file: whoever reaches the listener may write")
	case read == write:
		return "", "", errors.New("http.read_token_file holds the token of http.token_file: whoever may ask could write")
	}
	return write, read, nil
}

func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 {
		return "", fmt.Errorf("token file %s: a token has at least 16 characters", path)
	}
	return token, nil
}
