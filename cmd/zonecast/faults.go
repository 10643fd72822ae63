package main

import (
	"io"
	"strings"
)

// faults adds what would keep stages from starting with this config, whichever of them it is for, flags included. Files that it names
// need not be on the host that checks it.
func (f *configFile) faults(c Config) {
	c.settle()
	_, log := newLogger(c.Log, io.Discard)
	for _, err := range []error{log, c.Rules.Check(), c.Presenter.Check(), c.Publisher.Check(), c.LocalProxy.Check(), c.Notify.Check(), c.Check.Check()} {
		if err == nil {
			continue
		}
		for text := range strings.Lines(err.Error()) { // some stages join theirs
			f.tell(strings.TrimSpace(text))
		}
	}
}
