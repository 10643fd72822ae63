package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"zonecast/internal/zone"
)

// pass is what one walk through a folder found.
type pass struct {
	files    []File         // sorted by path
	problems []zone.Problem // of files that are left out, sorted by place
	total    int            // octets
}

// same tells whether two walks found the same: then neither saw a file half written.
func (p *pass) same(o *pass) bool {
	return slices.EqualFunc(p.files, o.files, func(a, b File) bool { return a.Path == b.Path && bytes.Equal(a.Data, b.Data) }) &&
		slices.Equal(p.problems, o.problems)
}

// errEnough ends a walk past the limits.
var errEnough = errors.New("enough")

// takePass walks through dir. What a file holds as before shares its memory with last, so that no more than one set and one
// file are in memory.
func takePass(dir string, last *pass) (*pass, error) {
	root, err := os.OpenRoot(dir) // refuses links that lead out of dir
	if err != nil {
		return nil, err
	}
	defer root.Close()
	p := &pass{}
	before := map[string][]byte{}
	if last != nil {
		for _, f := range last.files {
			before[f.Path] = f.Data
		}
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == ".":
			return err
		case path != "." && hidden(path):
			return skip(d)
		case err != nil:
			p.fault(path, "file-unreadable", "the folder cannot be read: "+cause(err), "mend its permissions")
			return skip(d)
		case d.IsDir() && path != "." && wanted(path):
			p.fault(path, "not-a-file", "a folder is named like a file", "rename it: a zone's folder has the zone's name alone")
			return fs.SkipDir
		case d.IsDir() || !wanted(path):
			return nil
		}
		return p.take(root, path, d, before[path])
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	slices.SortFunc(p.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(p.problems, zone.Problem.ComparePlace)
	return p, nil
}

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func wanted(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

func (p *pass) fault(path, check, text, fix string) {
	p.problems = append(p.problems, zone.Problem{Check: check, Severity: zone.Error, File: filepath.ToSlash(path), Line: 1, Column: 1, Text: text, Fix: fix})
}

// take reads one file, up to the limits of a set.
func (p *pass) take(root *os.Root, path string, d fs.DirEntry, before []byte) error {
	if len(p.files)+len(p.problems) >= MaxFiles {
		p.fault(path, "too-many-files", fmt.Sprintf("more than %d files: this one and those after it are not read", MaxFiles), "make it several folders")
		return errEnough
	}
	data, err := readFile(root, path, d)
	switch {
	case errors.Is(err, errSpecial):
		p.fault(path, "not-a-file", err.Error(), "remove it")
	case errors.Is(err, errLarge):
		p.fault(path, "file-too-large", err.Error(), "split it: a zone may be a folder of several files")
	case errors.Is(err, syscall.ELOOP):
		p.fault(path, "bad-link", "the link leads in a circle", "remove it")
	case err != nil && d.Type()&fs.ModeSymlink != 0:
		p.fault(path, "bad-link", "the link leads out of the folder, or nowhere", "put the file itself here: what is outside is not reviewed")
	case err != nil:
		p.fault(path, "file-unreadable", cause(err), "mend its permissions")
	case p.total+len(data) > MaxTotal:
		p.fault(path, "folder-too-large", fmt.Sprintf("more than %d MiB in all: this file and those after it are not read", MaxTotal>>20), "make it several folders")
		return errEnough
	default:
		if before != nil && bytes.Equal(before, data) {
			data = before
		}
		p.total += len(data)
		p.files = append(p.files, File{Path: filepath.ToSlash(path), Data: data})
	}
	return nil
}

var (
	errSpecial = errors.New("not a regular file")
	errLarge   = fmt.Errorf("larger than %d MiB", MaxFile>>20)
)

// readFile opens without waiting: a pipe that is named like a file would else keep the loader for ever.
func readFile(root *os.Root, path string, d fs.DirEntry) ([]byte, error) {
	if t := d.Type(); !t.IsRegular() && t&fs.ModeSymlink == 0 {
		return nil, errSpecial
	}
	f, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) { // a socket, behind a link
		return nil, errSpecial
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errSpecial
	case info.Size() > MaxFile:
		return nil, errLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = errLarge
	}
	return data, err
}

// cause is an error without the path, which stands beside it.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "the file vanished while it was read"
	}
	return err.Error()
}
