// Package zonefile reads zone files in octoDNS's YAML, more strictly than octoDNS: whatever two readers of YAML could
// take for two things, and whatever is probably a slip, is a problem with file, line and column. It knows nothing
// of tables: texts in, zones and problems out. docs/zones.md describes the format and every check.
package zonefile
