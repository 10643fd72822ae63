// Package durable writes files that survive a crash: whole, or not at all.
package durable

import "io"

// WriteFile replaces path atomically: a temporary file in the same folder, write, fsync, rename, fsync of the folder.
func WriteFile(path string, data []byte, perm uint32) error { panic("stub") }

// Write is WriteFile for what is written as a stream; the temporary file is removed when write fails.
func Write(path string, perm uint32, write func(io.Writer) error) error { panic("stub") }

// SyncDir makes renames and removals in a folder durable.
func SyncDir(dir string) error { panic("stub") }
