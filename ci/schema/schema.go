// Package schema holds JSON Schemas (draft-07, which editors read best) of everything that people write: zone files, rule
// modules, kinds, policies and the configuration. `zonecast schema` prints them. Tests hold each to the program that reads the files:
// every key, and no others.
package schema

import "embed"

// Files are NAME.json for each of Names.
//
//go:embed *.json
var Files embed.FS

// Names of the schemas.
var Names = []string{"zones", "rules", "kinds", "policy", "config"}
