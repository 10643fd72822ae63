package main

import (
	"io"
	"strings"

	"zonecast/internal/zone"
)

// faults are what would keep stages from starting with this config, whichever of them it is for. Files that it names
// need not be on the host that checks it.
func (c Config) faults(file string) (list []zone.Problem) {
	c.settle()
	_, log := newLogger(c.Log, io.Discard)
	for _, err := range []error{log, c.Rules.Check(), c.Presenter.Check(), c.Publisher.Check(), c.LocalProxy.Check(), c.Notify.Check()} {
		if err == nil {
			continue
		}
		for text := range strings.Lines(err.Error()) { // some stages join theirs
			list = append(list, zone.Problem{Check: "bad-config", Severity: zone.Error, File: configName(file), Text: strings.TrimSpace(text)})
		}
	}
	return list
}
