// Package checkout reads a folder of reviewed files as one consistent set, with the git commit it stands for.
package checkout

import (
	"context"
	"time"
)

// File is one file of a set.
type File struct {
	Path string `json:"path"` // relative to the folder, slash-separated
	Data []byte `json:"data"`
}

// Set is a folder's files at one commit, sorted by path.
type Set struct {
	Commit string `json:"commit"`         // git commit of a clean folder; else "sha256:<64 hex>" over paths and contents
	Head   string `json:"head,omitempty"` // git commit that HEAD is at, also when the folder has uncommitted changes; "" outside git
	Prefix string `json:"prefix"`         // the folder inside the repository, with a final slash; its base name outside git
	Files  []File `json:"files"`
}

// Push is what a loader sends: a set, and how it stands to what was loaded before.
type Push struct {
	Set
	Base     string `json:"base"`     // commit that was loaded when the sender looked; the receiver refuses the push if another is now
	Descends bool   `json:"descends"` // whether Set comes after Base: Base is an ancestor of Head (or there was no Base, or no git)
}

// Limits on a set.
const (
	MaxFile  = 16 << 20
	MaxFiles = 100_000
)

// Read reads the regular files below dir whose name ends in .yaml or .yml (hidden files and folders are passed over; symbolic links that leave
// dir are refused) again and again until two passes agree.
func Read(ctx context.Context, dir string) (Set, error) { panic("stub") }

// Compare makes the Push of a set for a table that has commit base loaded, at whose load HEAD was baseHead ("" unknown). dir is asked (git merge-base --is-ancestor).
func Compare(ctx context.Context, dir string, s Set, base, baseHead string) Push { panic("stub") }

// Watch calls again with a token in the channel whenever the folder may have changed: at once by fsnotify, and every poll.
func Watch(ctx context.Context, dir string, poll time.Duration) <-chan struct{} { panic("stub") }
