package checkout

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch puts a token into the channel whenever the folder may have changed: soon after a notification of the
// file system (20 ms, so that an editor's steps come as one), and at every poll in case notifications were lost or are not to
// be had. The first token is there at once. The channel is never closed.
func Watch(ctx context.Context, dir string, poll time.Duration) <-chan struct{} {
	hints := make(chan struct{}, 1)
	notify, err := fsnotify.NewWatcher()
	if err != nil { // out of inotify instances: the poll has to do
		notify = nil
	} else {
		addFolders(notify, dir) // before the first token: what changes after the caller's first read is seen
	}
	hints <- struct{}{}
	go watch(ctx, dir, poll, notify, hints)
	return hints
}

func watch(ctx context.Context, dir string, poll time.Duration, notify *fsnotify.Watcher, hints chan<- struct{}) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var events chan fsnotify.Event
	if notify != nil {
		defer notify.Close()
		events = notify.Events
	}
	var settle <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			if base := filepath.Base(e.Name); strings.HasPrefix(base, ".") && base != ".yaml" {
				continue
			}
			if settle == nil {
				settle = time.After(20 * time.Millisecond)
			}
			if notify != nil && e.Has(fsnotify.Create) {
				addFolders(notify, e.Name)
			}
			continue
		case <-settle:
			settle = nil
		case <-tick.C:
			if notify != nil {
				addFolders(notify, dir) // the folder may have been replaced
			}
		}
		select {
		case hints <- struct{}{}:
		default:
		}
	}
}

// addFolders watches dir and the folders below it; what cannot be watched is left to the poll.
func addFolders(notify *fsnotify.Watcher, dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		_ = notify.Add(path)
		return nil
	})
}
