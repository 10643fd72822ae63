package process

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config is how one program is run. Commands stand in the service's own configuration alone: pushing a file must not run anything.
type Config struct {
	// Command is the program and its arguments, without a shell. A program without a slash is looked for in PATH.
	Command []string `yaml:"command"`
	// Dir is where it runs, so that relative paths in Command work. Default: the config file's folder.
	Dir string `yaml:"dir"`
	// Env is its environment, beside PATH, HOME, LANG and TZ of zonecast itself; nothing else is handed on.
	Env map[string]string `yaml:"env"`
	// Workers is how many of it run side by side, 1 to 16. Default 1.
	Workers int `yaml:"workers"`
	// Timeout is how long it may go without an answer while it owes one; then it is killed. 10ms to 1m, default 2s.
	Timeout time.Duration `yaml:"timeout"`
	// Start is how long it may take to its first line. 100ms to 5m, default 10s.
	Start time.Duration `yaml:"start"`
	// Version is put beside the one it announces: for programs that cannot tell what they depend on.
	Version string `yaml:"version"`
}

// Check fills what is left out and gives the first fault.
func (c *Config) Check() error {
	if c.Workers == 0 {
		c.Workers = 1
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Start == 0 {
		c.Start = 10 * time.Second
	}
	switch {
	case len(c.Command) == 0 || c.Command[0] == "":
		return errors.New("command is missing: write command: [program, argument]")
	case c.Workers < 1 || c.Workers > 16:
		return fmt.Errorf("workers %d: from 1 to 16", c.Workers)
	case c.Timeout < 10*time.Millisecond || c.Timeout > time.Minute:
		return fmt.Errorf("timeout %s: from 10ms to 1m", c.Timeout)
	case c.Start < 100*time.Millisecond || c.Start > 5*time.Minute:
		return fmt.Errorf("start %s: from 100ms to 5m", c.Start)
	case len(c.Version) > maxVersion || strings.ContainsAny(c.Version, "\n\r"):
		return fmt.Errorf("version: at most %d characters, one line", maxVersion)
	}
	for key, value := range c.Env {
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.Contains(value, "\x00") {
			return fmt.Errorf("env %q: no such name or value can be", key)
		}
	}
	return nil
}
