// Package modules is the shipped library of rule modules, so that `zonecast init` can give it to a new project.
package modules

import "embed"

// Files are kinds.yaml and the modules.
//
//go:embed *.yaml
var Files embed.FS
