package publisher

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/service"
)

// maxDownloads bounds the base files served at once (P9): more are told to come back.
const maxDownloads = 64

// files serves the bases that are kept: GET /v1/bases/{version}, with range requests. A file's name and hash never
// change their meaning, so it may be cached for ever.
type files struct {
	shelf *shelf
	slots chan struct{}

	mu   sync.Mutex
	kept []release.Base // files that are here and verified, oldest first
}

func newFiles(s *shelf) *files { return &files{shelf: s, slots: make(chan struct{}, maxDownloads)} }

// keep sets what is served.
func (f *files) keep(bases []release.Base) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = slices.Clone(bases)
}

// add serves one more, before the head that points to it is out: proxies come for it at once.
func (f *files) add(b release.Base) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, b)
}

func (f *files) find(version uint64) (release.Base, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.kept, func(b release.Base) bool { return b.Version == version })
	if i < 0 {
		return release.Base{}, false
	}
	return f.kept[i], true
}

func (f *files) serve(w http.ResponseWriter, r *http.Request) {
	version, err := strconv.ParseUint(r.PathValue("version"), 10, 64)
	if err != nil {
		service.Fail(w, http.StatusBadRequest, fmt.Errorf("%.40q is no version", r.PathValue("version")))
		return
	}
	base, ok := f.find(version)
	if !ok {
		service.Fail(w, http.StatusNotFound, fmt.Errorf("no base of version %d here", version))
		return
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		w.Header().Set("Retry-After", "2")
		service.Fail(w, http.StatusServiceUnavailable, errors.New("too many downloads; try another publisher"))
		return
	}
	file, err := os.Open(f.shelf.path(version))
	if err != nil {
		service.Fail(w, http.StatusNotFound, fmt.Errorf("no base of version %d here", version))
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", strconv.Quote(base.SHA256.String()))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, file)
}
