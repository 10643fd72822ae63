// Package format lays zone files out in one canonical way: text in, text out. Keys stand in the natural order that octoDNS
// enforces, values in the order of their data, two spaces indent, and quotes are there only where some reader of YAML
// needs them. Every comment stays, at what it was written for.
//
// It never changes what a file means: what it made is read again and compared with what it was made from, records,
// YAML and comments, and a difference is an error in place of a text. Nothing here knows of folders or of the disk.
package format
