package store

import (
	"fmt"
	"path"
	"strings"
)

// MaxPath bounds a path, in octets.
const MaxPath = 1024

// CheckPath refuses what ZooKeeper would not take, so that both stores refuse the same: a path starts with a
// slash, does not end with one (but for the root itself), has no empty, "." or ".." element and no control
// characters, and is at most MaxPath long.
func CheckPath(p string) error {
	switch {
	case p == "/":
		return nil
	case !strings.HasPrefix(p, "/") || len(p) > MaxPath || path.Clean(p) != p:
		return fmt.Errorf("store: %.80q: %w", p, ErrPath)
	}
	for _, r := range p {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 {
			return fmt.Errorf("store: %.80q: %w", p, ErrPath)
		}
	}
	return nil
}

// CheckOps holds the operations of a Multi to the limits, and their paths to CheckPath. The root itself can
// not be written.
func CheckOps(ops []Op) error {
	size := 0
	for i, op := range ops {
		if err := CheckPath(op.Path); err != nil {
			return &OpError{Index: i, Op: op, Err: ErrPath}
		}
		if op.Path == "/" && op.Kind != KindCheck {
			return &OpError{Index: i, Op: op, Err: ErrPath}
		}
		if len(op.Data) > MaxNode {
			return &OpError{Index: i, Op: op, Err: ErrTooLarge}
		}
		if op.Kind < KindCreate || op.Kind > KindCheck {
			return fmt.Errorf("store: %s: no such kind of operation: %d", op.Path, op.Kind)
		}
		size += op.Size()
	}
	if size > MaxMulti {
		return fmt.Errorf("store: a multi of %d operations and %d octets: %w", len(ops), size, ErrTooLarge)
	}
	return nil
}

// Split gives a path's parent and its last element. It must not be the root.
func Split(p string) (parent, name string) {
	i := strings.LastIndexByte(p, '/')
	if i == 0 {
		return "/", p[1:]
	}
	return p[:i], p[i+1:]
}
