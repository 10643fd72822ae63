// Package checkout reads a folder of reviewed files as one consistent set, with the git commit it stands for.
package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"zonecast/internal/zone"
)

// File is one file of a set.
type File struct {
	Path string `json:"path"` // relative to the folder, slash-separated
	Data []byte `json:"data"`
}

// Set is a folder's files at one moment, sorted by path.
type Set struct {
	Commit string `json:"commit"`         // git commit of a folder without changes; else "sha256:<64 hex>" over paths and contents
	Head   string `json:"head,omitempty"` // git commit that HEAD is at, also when the folder has uncommitted changes; "" outside git
	Prefix string `json:"prefix"`         // the folder inside the repository, with a final slash; its base name outside git
	Files  []File `json:"files"`
	// Author of the commit that last changed the folder, the e-mail address as git has it; "" outside git, and for a folder
	// with uncommitted changes. It is what git and the sender say, no proof.
	Author string `json:"author,omitempty"`
}

// Limits of a set: octets of one file, octets of all, and the number of files.
const (
	MaxFile  = 16 << 20
	MaxTotal = 256 << 20
	MaxFiles = 100_000
)

// MaxAuthor bounds an author's address, in octets (RFC 5321 4.5.3.1: 64 + 1 + 255).
const MaxAuthor = 320

// ErrUnstable is a folder that kept changing while it was read.
var ErrUnstable = errors.New("the folder keeps changing")

// Read reads the regular files below dir whose names end in .yaml or .yml, again until two passes agree (ten
// passes at most, with a short pause). Hidden files and folders are passed over. Whatever is wrong with one file is an error
// of the whole, so that nothing is half read; Survey tells of all of them.
func Read(ctx context.Context, dir string) (Set, error) {
	set, problems, err := Survey(ctx, dir)
	if err == nil && len(problems) > 0 {
		err = problems[0]
		if len(problems) > 1 {
			err = fmt.Errorf("%w (and %d more)", err, len(problems)-1)
		}
	}
	if err != nil {
		return Set{}, err
	}
	return set, nil
}

// Survey reads as Read does, and leaves out what cannot be read: each such file is a problem, with its path after the set's
// prefix. A symbolic link that leads out of dir is one, so that a reviewed folder cannot pull in what was not reviewed. An
// error is a folder that cannot be read at all, or keeps changing.
func Survey(ctx context.Context, dir string) (Set, []zone.Problem, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Set{}, nil, err
	}
	last, err := takePass(dir, nil)
	if err != nil {
		return Set{}, nil, err
	}
	for range 10 {
		select {
		case <-ctx.Done():
			return Set{}, nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		again, err := takePass(dir, last)
		if err != nil {
			return Set{}, nil, err
		}
		if again.same(last) {
			set := Set{Files: again.files, Prefix: filepath.Base(dir) + "/"}
			set.identify(ctx, dir)
			for i := range again.problems {
				again.problems[i].File = set.Prefix + again.problems[i].File
			}
			return set, again.problems, nil
		}
		last = again
	}
	return Set{}, nil, fmt.Errorf("%s: %w", dir, ErrUnstable)
}

// identify finds the commit. A commit names the folder's content only if git sees no difference to it.
func (s *Set) identify(ctx context.Context, dir string) {
	s.Commit = "sha256:" + s.Digest()
	repo, ok := openGit(ctx, dir)
	if !ok {
		return
	}
	s.Head, s.Prefix = repo.head, repo.prefix
	if repo.clean(ctx) {
		s.Commit = repo.head
		s.Author = repo.author(ctx)
	}
}

// Digest is the SHA-256 over paths and contents, in hex.
func (s *Set) Digest() string {
	h := sha256.New()
	for _, f := range s.Files {
		fmt.Fprintf(h, "%d %s\n%d\n", len(f.Path), f.Path, len(f.Data))
		h.Write(f.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
