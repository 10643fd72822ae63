package keep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"zonecast/internal/durable"
	"zonecast/internal/export"
	"zonecast/internal/snapshot"
)

// Release is a verified release, held for reading until Done.
type Release struct {
	Content snapshot.Content
	Version uint64
	Guard   func(func() error) error // makes a fault of the mapping an error
	Done    func()
}

// Keeper keeps files current. Its fields are set before Run and not changed.
type Keeper struct {
	Job   export.Job // its Serial is each release's
	Path  string     // the file, or the folder of a format with one for each zone
	State string     // the file for what is remembered

	Newest func() (Release, bool)      // the release in force; false while there is none
	News   <-chan struct{}             // something may be new
	Reload func(context.Context) error // has the server load the files; nil: nobody has to be told
	Tried  func(Outcome)               // is told of every try; nil: nobody has to know

	Interval time.Duration // the least time between two changes of the files
	Log      *slog.Logger

	done uint64 // the version that the files were compared with last
}

// Outcome is how a try went.
type Outcome struct {
	Version uint64 // of the release that the files hold now; 0 before the first, in this run
	Changed bool   // some file is another now
	Err     error  // nil: files and server are as that release has it
}

// Pauses between tries, doubled from the first to the last.
const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
)

// Run keeps the files current until ctx ends. It fails when the place of the state cannot be used at all.
func (k *Keeper) Run(ctx context.Context) error {
	st, err := k.load()
	if err != nil {
		k.Log.Warn("what was written before is not known; everything is compared and loaded anew", "err", err)
	}
	if err := k.save(st); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	pause := time.Duration(0) // before the next try of what failed
	for first := true; ; first = false {
		if !first && !k.wait(ctx, pause) {
			return nil
		}
		changed, err := k.update(&st)
		if err == nil {
			err = k.tell(ctx, &st, changed)
		}
		if ctx.Err() != nil {
			return nil
		}
		if k.Tried != nil {
			k.Tried(Outcome{Version: k.done, Changed: changed, Err: err})
		}
		switch {
		case err != nil:
			pause = min(max(2*pause, firstPause), lastPause)
			k.Log.Error("export is tried again", "after", pause, "err", err)
		default:
			pause = 0
		}
		if changed && !sleep(ctx, k.Interval) {
			return nil
		}
	}
}

// wait waits for news, or for the time to try again what failed; false when ctx ended.
func (k *Keeper) wait(ctx context.Context, pause time.Duration) bool {
	var again <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-k.News:
	case <-again:
	}
	return ctx.Err() == nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tell runs the command if the files changed since it last succeeded.
func (k *Keeper) tell(ctx context.Context, st *state, changed bool) error {
	if k.Reload == nil || !st.Pending {
		return nil
	}
	err := k.Reload(ctx)
	if ctx.Err() != nil {
		return nil // it is made up for at the next start
	}
	if err != nil {
		st.Runs["failed"]++
		return errors.Join(fmt.Errorf("reload (%d failed so far): %w", st.Runs["failed"], err), k.save(*st))
	}
	st.Pending = false
	st.Runs["ok"]++
	k.Log.Info("reloaded", "runs", st.Runs["ok"], "failed", st.Runs["failed"])
	return k.save(*st)
}

// update brings the files to the newest release; changed tells whether any is another now.
func (k *Keeper) update(st *state) (changed bool, err error) {
	r, ok := k.Newest()
	if !ok {
		return false, nil // the files stay
	}
	defer r.Done()
	if r.Version == k.done {
		return false, nil
	}
	job := k.Job
	job.Serial = uint32(r.Version) //nolint:gosec // serials wrap (RFC 1982)
	files, err := job.Files(r.Content)
	if err != nil {
		return false, fmt.Errorf("version %d: %w; the files stay", r.Version, err)
	}
	folder := job.Format.Folder()
	if folder {
		if err := os.MkdirAll(k.Path, 0o755); err != nil {
			return false, err
		}
	}
	begun := time.Now()
	there := map[string]bool{}
	var lost export.Losses
	err = r.Guard(func() error {
		for i := range files {
			there[files[i].Name] = true
			wrote, some, err := k.one(st, job, r.Content, files, i)
			if err != nil {
				return err
			}
			lost.Join(some)
			changed = changed || wrote
		}
		return nil
	})
	if err == nil && folder {
		var gone bool
		gone, err = k.remove(st, there)
		changed = changed || gone
	}
	if changed {
		st.Pending = st.Pending || k.Reload != nil
		err = errors.Join(err, k.save(*st))
		k.Log.Info("exported", "version", r.Version, "path", k.Path, "took", time.Since(begun).Round(time.Millisecond))
		for _, x := range lost.List() {
			k.Log.Warn("not carried over", "what", x.Kind, "count", x.Count, "such_as", x.Example.String())
		}
	}
	if err == nil {
		k.done = r.Version
	}
	return changed, err
}

// one writes a file if its records are others than before, and if it is not as it was left.
func (k *Keeper) one(st *state, job export.Job, c snapshot.Content, files []export.File, i int) (wrote bool, lost export.Losses, err error) {
	name := files[i].Name
	path := k.Path
	if name != "" {
		path = filepath.Join(k.Path, name)
	}
	if was, ok := st.Files[name]; ok && sumOf(path) == was.SHA256 {
		old := job
		old.Serial = was.Serial
		before, err := old.Files(c)
		if err != nil {
			return false, lost, err
		}
		sum := sha256.New()
		if _, err := before[i].Write(sum); err != nil {
			return false, lost, err
		}
		if hex.EncodeToString(sum.Sum(nil)) == was.SHA256 {
			return false, lost, nil
		}
	}
	sum := sha256.New()
	err = durable.Write(path, 0o644, func(w io.Writer) (err error) {
		lost, err = files[i].Write(io.MultiWriter(w, sum))
		return err
	})
	if err != nil {
		return false, lost, err
	}
	st.Files[name] = filed{Serial: job.Serial, SHA256: hex.EncodeToString(sum.Sum(nil))}
	return true, lost, nil
}

// sumOf gives a file's hash; "" if it cannot be read.
func sumOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// remove takes away the files of zones that the release has no more: those that were written here, and no others.
func (k *Keeper) remove(st *state, there map[string]bool) (changed bool, err error) {
	for name := range st.Files {
		if there[name] {
			continue
		}
		path := filepath.Join(k.Path, filepath.Base(name))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return changed, err
		}
		k.Log.Warn("the zone is gone from the release; its file is removed", "file", path)
		delete(st.Files, name)
		changed = true
	}
	return changed, nil
}
