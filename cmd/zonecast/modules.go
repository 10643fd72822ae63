package main

import "zonecast/rules/maker"

// goModules are the rule modules that are Go types, by the name that a module file says after `go:`. This list is the one
// place to edit for a zonecast with modules of one's own: docs/rules.md, and examples/gomodule for a whole one.
var goModules = map[string]maker.Module{}
