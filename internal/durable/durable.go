// Package durable writes files that survive a crash: whole, or not at all.
//
// The sequence for a file F in folder D: create D/.F.tmp-XXXX, write, fsync it, rename it to F, fsync D. A crash
// at any point leaves the old F or the new one, and at most a temporary file, which CleanTemp removes. The limits are
// those of the file system: a disk that acknowledges an fsync and loses the data is not defended against, and
// after a failed fsync the temporary file is given up, never retried (its pages may be gone).
package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteFile replaces path atomically with data.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	return Write(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write replaces path atomically with what write writes; nothing is left behind when it fails.
func Write(path string, perm os.FileMode, write func(io.Writer) error) error {
	return WriteVia(path, perm, func(f *os.File) error {
		buffered := bufio.NewWriterSize(f, 256<<10)
		if err := write(buffered); err != nil {
			return err
		}
		return buffered.Flush()
	})
}

// errSpecial is of /dev/null and its like: root could put a file in its place, and would.
var errSpecial = errors.New("it is a device, a pipe or a socket, and no file to replace")

// WriteVia is Write for those who read back, or go back in, what they write: they get the temporary file itself, open
// for both.
func WriteVia(path string, perm os.FileMode, write func(*os.File) error) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("write %s: %w", path, errSpecial)
	}
	f, err := os.CreateTemp(dir, "."+base+tempMark+"*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(perm); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// SyncDir makes renames and removals in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

const tempMark = ".tmp-"

// CleanTemp removes the temporary files that a crash left in a folder. Call it before the folder is in use.
func CleanTemp(dir string) error { return CleanTempBefore(dir, time.Time{}) }

// CleanTempBefore is CleanTemp for a folder that is in use: it leaves files alone that were written to since; zero leaves
// none.
func CleanTempBefore(dir string, since time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") || !strings.Contains(e.Name(), tempMark) || !e.Type().IsRegular() {
			continue
		}
		if info, ierr := e.Info(); !since.IsZero() && (ierr != nil || !info.ModTime().Before(since)) {
			continue // or gone meanwhile
		}
		err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
	}
	return err
}
