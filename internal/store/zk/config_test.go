package zk

import (
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestConfigFromYAML(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	text := "servers: [zk1.example:2181, zk2.example:2181]\nroot: /dns\nsession_timeout: 15s\ntls: {ca: ca.pem}\n"
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&cfg); err != nil {
		t.Fatal(err)
	}
	if len(cfg.Servers) != 2 || cfg.Root != "/dns" || cfg.SessionTimeout != 15*time.Second || cfg.TLS.CA != "ca.pem" || cfg.Connections != 3 {
		t.Fatalf("%+v", cfg)
	}
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	good := DefaultConfig()
	if _, err := good.prepare(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Config){
		"servers":         func(c *Config) { c.Servers = nil },
		"missing port":    func(c *Config) { c.Servers = []string{"zk1.example"} },
		"root":            func(c *Config) { c.Root = "/" },
		"no path":         func(c *Config) { c.Root = "zonecast" },
		"too long":        func(c *Config) { c.Root = "/" + strings.Repeat("x", 300) },
		"session_timeout": func(c *Config) { c.SessionTimeout = 0 },
		"request_timeout": func(c *Config) { c.RequestTimeout = 0 },
		"dial_timeout":    func(c *Config) { c.DialTimeout = 0 },
		"connections":     func(c *Config) { c.Connections = 17 },
		"pipeline":        func(c *Config) { c.Pipeline = 0 },
		"auth_file":       func(c *Config) { c.AuthFile = "/nonexistent" },
		"tls":             func(c *Config) { c.TLS = &TLS{CA: "/nonexistent"} },
	} {
		cfg := DefaultConfig()
		spoil(&cfg)
		if _, err := cfg.prepare(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAuthFile(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "secretpassword", "user:", ":secretpassword", "user:secretpassword\nmore"} {
		cfg := DefaultConfig()
		cfg.AuthFile = auth(t, bad)
		_, err := cfg.prepare()
		if err == nil {
			t.Errorf("%q: accepted", bad)
		} else if strings.Contains(err.Error(), "secretpassword") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}
