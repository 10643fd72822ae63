package publisher

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/release"
)

// A clock that was put back by a day, over a restart, takes neither a version back nor a signature, so that proxies go on
// (P4); also when the store was lost meanwhile, and the Unix time alone would give an older version.
func TestClockPutBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var newest release.Head
	// Every bubble begins at the same moment.
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(24 * time.Hour)
		w := newWorldIn(t, dir)
		w.start("a")
		p := w.proxy()
		w.commit(func(e edit) { e.zone("example.") })
		p.synced("first release")
		newest = p.head
		w.close()
	})
	ahead := newest.Signed
	further := func(what string, change func(e edit)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			w := newWorldIn(t, dir)
			w.start("a")
			p := w.proxy()
			w.commit(func(e edit) {
				e.zone("example.")
				change(e)
			})
			p.synced(what)
			if time.Now().Unix() > ahead {
				t.Fatal("the clock was not put back")
			}
			for range 3 {
				if !p.head.Newer(newest) {
					t.Errorf("%s: version %d signed at %d, after version %d signed at %d", what, p.head.Version, p.head.Signed, newest.Version, newest.Signed)
				}
				newest = p.head
				w.commit(func(e edit) { e.put("example.", "h.example.", "A 192.0.2."+string('1'+byte(newest.Version%3))) })
				time.Sleep(w.cfg.Heartbeat + time.Second)
				p.follow()
			}
			w.close()
		})
	}
	further("after a restart", func(e edit) { e.put("example.", "a.example.", "A 192.0.2.1") })
	if err := os.Remove(filepath.Join(dir, "store.db")); err != nil {
		t.Fatal(err)
	}
	further("after the store was lost", func(e edit) { e.put("example.", "b.example.", "A 192.0.2.2") })
}
