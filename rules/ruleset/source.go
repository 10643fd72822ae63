package ruleset

import (
	"regexp"

	"zonecast/internal/strictyaml"
)

// source is one file of a rules folder being read.
type source struct{ strictyaml.File }

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
var moduleName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
