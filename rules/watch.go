package rules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/service"
)

// watchRules loads the rules folder whenever it changed. What it finds goes the way of every push.
func (l *lead) watchRules(ctx context.Context) error {
	hints := checkout.Watch(ctx, l.cfg.Dir, l.cfg.Poll)
	last, lastErr := "", ""
	first := sync.OnceFunc(l.primed)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hints:
		}
		set, err := checkout.Read(ctx, l.cfg.Dir)
		if err == nil && set.Commit+set.Digest() != last {
			err = l.loadFolder(ctx, set)
			if err == nil {
				last = set.Commit + set.Digest()
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != lastErr {
			lastErr = text
			if err := l.note(ctx, unitPush, "folder", "folder-unreadable", text, "the loaded rules stay in force"); err != nil {
				return err
			}
		}
		if !l.tried.Swap(true) {
			l.wakeFiles()
		}
		first()
	}
}

// loadFolder pushes the folder's files. A folder that is empty of rules while some are loaded says nothing (P2).
func (l *lead) loadFolder(ctx context.Context, set checkout.Set) error {
	if len(set.Files) == 0 {
		return fmt.Errorf("%s has no .yaml file", l.cfg.Dir)
	}
	var base, head string
	if loaded := l.loaded.Load(); loaded != nil {
		base, head = loaded.Commit, loaded.Head
	}
	_, err := l.push(ctx, checkout.Compare(ctx, l.cfg.Dir, set, base, head), "folder")
	return err
}

// note lists, or with an empty cause no longer lists, something that is wrong and must be mended.
func (l *lead) note(ctx context.Context, unit, subject, check, cause, effect string) error {
	return l.insist(ctx, &job{run: func(_ context.Context, b *batch) error {
		if cause == "" {
			b.dropUnit(unit, subject, "")
			return nil
		}
		l.log.Warn("input", "unit", unit, "subject", subject, "cause", cause)
		b.putHeld(row.Held{Unit: unit, Subject: subject, Check: check, Cause: service.OneLine(cause), Effect: effect}, "")
		return nil
	}})
}

// watchFile reads an inventory file whenever it changed, and otherwise vouches for it: as-of moves on as long as
// the file is there and was read to its end (P8).
func (l *lead) watchFile(ctx context.Context, w watched) error {
	format, err := inventory.FormatOfFile(w.path)
	if err != nil {
		return err
	}
	hints := watchPath(ctx, w.path, l.cfg.Poll)
	var last seen
	lastErr := ""
	first := sync.OnceFunc(l.primed)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hints:
		case <-l.ruled[w.feed]:
		}
		if l.cfg.Dir != "" && !l.tried.Load() {
			continue // without rules every entity would be refused
		}
		generation := l.generation.Load()
		if last.still(w.path) && last.generation == generation {
			err = nil
		} else {
			var text []byte
			var now seen
			if text, now, err = readStable(ctx, w.path); err == nil {
				now.generation = generation
				if !bytes.Equal(now.sum, last.sum) || last.generation != generation {
					if _, err = l.takeList(ctx, w.feed, format, text); err != nil {
						err = fmt.Errorf("%s: %w", w.path, err)
					}
				}
				if err == nil {
					last = now
				}
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := l.vouch(ctx, w, err, &lastErr); err != nil {
			return err
		}
		first()
	}
}

// vouch records how the last look at a file went.
func (l *lead) vouch(ctx context.Context, w watched, outcome error, lastErr *string) error {
	text := ""
	if outcome != nil {
		if errors.Is(outcome, errQueueFull) {
			return nil // says nothing about the file
		}
		text = outcome.Error()
	}
	changed := text != *lastErr
	*lastErr = text
	return l.insist(ctx, &job{run: func(_ context.Context, b *batch) error {
		f := b.l.feeds[w.feed]
		f.Error, f.dirty = text, true
		if text == "" {
			f.LastRead = b.now.Unix()
		}
		if !changed {
			return nil
		}
		subject := w.feed + " file"
		if text == "" {
			b.dropUnit(unitFeed, subject, "")
			return nil
		}
		l.log.Warn("inventory file", "feed", w.feed, "error", text)
		b.putHeld(row.Held{Unit: unitFeed, Subject: subject, Check: "feed-absent", Cause: service.OneLine(text),
			Effect: "the feed's last good list stays, and grows stale"}, "")
		return nil
	}})
}

// seen is what a file looked like when it was last read.
type seen struct {
	info       os.FileInfo
	at         time.Time
	sum        []byte
	generation int64
}

// still tells whether the file is certainly the one that was read: same inode, size and time, and written long enough
// before the reading that a later write would show (file systems keep times to a few milliseconds, some to 2 s).
func (s seen) still(path string) bool {
	if s.info == nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, s.info) && now.Size() == s.info.Size() && now.ModTime().Equal(s.info.ModTime()) &&
		s.at.Sub(now.ModTime()) > 3*time.Second
}

// readStable reads a file again and again until two readings agree: a writer in the middle of its work is waited for.
func readStable(ctx context.Context, path string) ([]byte, seen, error) {
	last, _, err := readOnce(path)
	for range 20 {
		if err != nil {
			return nil, seen{}, err
		}
		select {
		case <-ctx.Done():
			return nil, seen{}, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		var again []byte
		var now seen
		if again, now, err = readOnce(path); err == nil && bytes.Equal(last, again) {
			return again, now, nil
		}
		last = again
	}
	return nil, seen{}, fmt.Errorf("%s: %w", path, checkout.ErrUnstable)
}

func readOnce(path string) ([]byte, seen, error) {
	s := seen{at: time.Now()}
	f, err := os.Open(path)
	if err != nil {
		return nil, s, err
	}
	defer f.Close()
	if s.info, err = f.Stat(); err != nil {
		return nil, s, err
	}
	if !s.info.Mode().IsRegular() {
		return nil, s, fmt.Errorf("%s: not a regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, inventory.MaxList+1))
	if err == nil && len(text) > inventory.MaxList {
		err = &refusal{http.StatusRequestEntityTooLarge, fmt.Errorf("%s: larger than %d MiB", path, inventory.MaxList>>20)}
	}
	s.sum = digest(text)
	return text, s, err
}

// watchPath watches the folder that a file is in, since editors and deployments replace files.
func watchPath(ctx context.Context, path string, poll time.Duration) <-chan struct{} {
	return checkout.Watch(ctx, filepath.Dir(path), poll)
}
