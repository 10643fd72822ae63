// Package checkout reads a folder of reviewed files as one consistent set, with the git commit it stands for.
package checkout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
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
// passes at most, with a short pause). Hidden files and folders are passed over; a symbolic link that leads out of dir is
// an error, so that a reviewed folder cannot pull in what was not reviewed.
func Read(ctx context.Context, dir string) (Set, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Set{}, err
	}
	last, err := pass(dir)
	if err != nil {
		return Set{}, err
	}
	for range 10 {
		select {
		case <-ctx.Done():
			return Set{}, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		again, err := pass(dir)
		if err != nil {
			return Set{}, err
		}
		if slices.EqualFunc(last, again, sameFile) {
			set := Set{Files: again, Prefix: filepath.Base(dir) + "/"}
			set.identify(ctx, dir)
			return set, nil
		}
		last = again
	}
	return Set{}, fmt.Errorf("%s: %w", dir, ErrUnstable)
}

func sameFile(a, b File) bool { return a.Path == b.Path && bytes.Equal(a.Data, b.Data) }

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

func pass(dir string) ([]File, error) {
	root, err := os.OpenRoot(dir) // refuses links that lead out of dir
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []File
	total := 0
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !wanted(path) {
			return nil
		}
		data, err := readFile(root, path)
		if err != nil {
			return err
		}
		if total += len(data); total > MaxTotal {
			return fmt.Errorf("%s: more than %d MiB in all", dir, MaxTotal>>20)
		}
		if len(files) == MaxFiles {
			return fmt.Errorf("%s: more than %d files", dir, MaxFiles)
		}
		files = append(files, File{Path: filepath.ToSlash(path), Data: data})
		return nil
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

func wanted(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

func readFile(root *os.Root, path string) ([]byte, error) {
	f, err := root.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("%s: larger than %d MiB", path, MaxFile>>20)
	}
	return data, err
}
