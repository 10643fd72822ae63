package follow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/localproxy/live"
	"zonecast/localproxy/releasetest"
)

// web serves what internal/api and a publisher serve to proxies.
func web(t *testing.T, p *releasetest.Publisher) *httptest.Server {
	t.Helper()
	src := releasetest.Source{Publisher: p, Gone: ErrGone}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	mux.HandleFunc("GET /v1/head", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("stream") != releasetest.Stream {
			http.NotFound(w, r)
			return
		}
		p.Lock()
		seen := p.Signed
		p.Unlock()
		tag := func(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:8] }
		if r.URL.Query().Get("etag") == tag(seen) {
			seen, _ = src.Head(r.Context(), seen, release.Head{})
		}
		w.Header().Set("ETag", `"`+tag(seen)+`"`)
		_, _ = w.Write(seen)
	})
	mux.HandleFunc("GET /v1/log/{version}", func(w http.ResponseWriter, r *http.Request) {
		version, _ := strconv.ParseUint(r.PathValue("version"), 10, 64)
		raw, err := src.Entry(r.Context(), version)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(raw)
	})
	mux.HandleFunc("GET /v1/offers", func(w http.ResponseWriter, _ *http.Request) {
		p.Lock()
		defer p.Unlock()
		offer := release.Offer{Instance: "publisher1", URL: server.URL}
		for v := range p.Bases {
			offer.Versions = append(offer.Versions, v)
		}
		_ = json.NewEncoder(w).Encode([]release.Offer{offer})
	})
	mux.HandleFunc("GET /v1/bases/{version}", func(w http.ResponseWriter, r *http.Request) {
		version, _ := strconv.ParseUint(r.PathValue("version"), 10, 64)
		p.Lock()
		content := p.Bases[version]
		p.Unlock()
		http.ServeContent(w, r, "base", time.Time{}, bytes.NewReader(content))
	})
	return server
}

// inForce waits until a follower on this source serves the publisher's head.
func inForce(t *testing.T, p *releasetest.Publisher, source Source, steps ...string) {
	t.Helper()
	var slot live.Slot
	heads := make(chan release.Head, 100)
	f := New(Config{Stream: releasetest.Stream, Keys: []release.VerifyKey{p.Public}, Dir: t.TempDir()}, source, &slot, Events{
		Refused: func(r Reason) { t.Errorf("refused: %s", r) }, Failed: func(err error) { t.Log(err) },
		Swapped: func(r *live.Release, _ time.Duration, _ bool) { heads <- r.Head }}, slog.New(slog.DiscardHandler))
	if err := f.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	defer func() { cancel(); <-done; slot.Swap(nil) }()
	for i := -1; i < len(steps); i++ {
		if i >= 0 {
			p.Move(steps[i])
		}
		for timeout := time.After(patience); ; {
			select {
			case h := <-heads:
				if h != p.Head {
					continue
				}
			case <-timeout:
				t.Fatalf("step %d was not reached", i)
			}
			break
		}
	}
}

func TestFollowsOverHTTP(t *testing.T) {
	t.Parallel()
	p := releasetest.New(t)
	dead := httptest.NewServer(nil)
	dead.Close()
	source, err := NewHTTPSource([]string{dead.URL, web(t, p).URL}, releasetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	p.Move("192.0.2.2")
	inForce(t, p, source, "192.0.2.3", "192.0.2.4")
}

func TestFollowsThroughTheStore(t *testing.T) {
	t.Parallel()
	p := releasetest.New(t)
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	offer, _ := json.Marshal(release.Offer{Instance: "publisher1", URL: web(t, p).URL, Versions: []uint64{releasetest.Start}})
	lost, _ := json.Marshal(release.Offer{Instance: "publisher2", URL: "http://127.0.0.1:1", Versions: []uint64{releasetest.Start}})
	if err := st.Multi(t.Context(), store.CreateEphemeral(release.OfferPath("publisher1"), offer),
		store.CreateEphemeral(release.OfferPath("publisher2"), lost), store.CreateEphemeral(release.OfferPath("publisher3"), []byte("rubbish"))); err != nil {
		t.Fatal(err)
	}
	p.Move("192.0.2.2")
	source := NewStoreSource(st, releasetest.Stream)
	defer source.Close()
	ctx, cancel := context.WithCancel(t.Context())
	copied := make(chan struct{})
	go func() { // what a publisher would write into the store
		defer close(copied)
		var seen []byte
		for {
			signed, err := (releasetest.Source{Publisher: p}).Head(ctx, seen, release.Head{})
			if err != nil {
				return
			}
			seen = signed
			p.Lock()
			version := p.Head.Version
			entry := p.Log[version]
			p.Unlock()
			ops := []store.Op{store.Create(release.LogPath(version), entry)}
			if _, err := st.Get(ctx, release.HeadPath(releasetest.Stream)); errors.Is(err, store.ErrNotFound) {
				ops = append(ops, store.Create(release.HeadPath(releasetest.Stream), signed))
			} else {
				ops = append(ops, store.Set(release.HeadPath(releasetest.Stream), signed, store.AnyVersion))
			}
			if err := st.Multi(ctx, ops...); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}()
	inForce(t, p, source, "192.0.2.3", "192.0.2.4")
	cancel()
	<-copied
	if _, err := source.Entry(t.Context(), 5); !errors.Is(err, ErrGone) {
		t.Errorf("absent entry: %v", err)
	}
}

// A download that breaks off goes on at another mirror from where it stopped.
func TestBaseResumes(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789"), 10_000)
	breaks := func(w http.ResponseWriter, _ *http.Request) { // gives half of what is asked, then hangs up
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content[:len(content)/2])
		panic(http.ErrAbortHandler)
	}
	ranges := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "base", time.Time{}, bytes.NewReader(content))
	}
	plain := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
	lies := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 0-1/2")
		w.WriteHeader(http.StatusPartialContent)
	}
	refuses := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	moved := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }
	serve := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	urls := map[string]string{"ranges": serve(ranges), "plain": serve(plain), "breaks": serve(breaks), "lies": serve(lies),
		"refuses": serve(refuses), "moved": serve(moved), "file": "file:///etc/passwd"}
	b := release.Base{Version: 7, Size: int64(len(content))}
	for what, c := range map[string]struct {
		mirrors []string
		offset  int64
		want    bool
	}{
		"from the start":     {[]string{"ranges"}, 0, true},
		"from the middle":    {[]string{"ranges"}, 777, true},
		"no ranges":          {[]string{"plain"}, 777, true},
		"all there":          {[]string{"refuses"}, int64(len(content)), true},
		"one breaks":         {[]string{"breaks", "ranges"}, 0, true},
		"some bad":           {[]string{"breaks", "lies", "refuses", "moved", "file", "ranges"}, 10, true},
		"wrong range":        {[]string{"lies"}, 10, false},
		"redirect":           {[]string{"moved"}, 0, false},
		"not http":           {[]string{"file"}, 0, false},
		"nobody":             {nil, 0, false},
		"not listed yet":     {[]string{"unlisted ranges"}, 0, true},
		"broken everywhere":  {[]string{"breaks"}, 0, false},
		"not found anywhere": {[]string{"refuses"}, 0, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := NewMirrors(func(context.Context) ([]release.Offer, error) {
				offers := []release.Offer{{URL: urls["refuses"], Versions: []uint64{8}}} // has another version
				for _, name := range c.mirrors {
					name, unlisted := strings.CutPrefix(name, "unlisted ")
					versions := []uint64{6, 7}
					if unlisted {
						versions = []uint64{6}
					}
					offers = append(offers, release.Offer{URL: urls[name], Versions: versions})
				}
				return offers, nil
			})
			var out bytes.Buffer
			out.Write(content[:c.offset])
			err := m.Fetch(t.Context(), b, c.offset, &out)
			if (err == nil) != c.want {
				t.Fatalf("err %v", err)
			}
			if c.want && !bytes.Equal(out.Bytes(), content) {
				t.Errorf("%d octets, not the ones of the base", out.Len())
			}
		})
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAFullDiskIsNotTheMirrorsFault(t *testing.T) {
	t.Parallel()
	asked := atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write(make([]byte, 100))
	}))
	defer server.Close()
	m := NewMirrors(func(context.Context) ([]release.Offer, error) {
		o := release.Offer{URL: server.URL, Versions: []uint64{7}}
		return []release.Offer{o, o, o}, nil
	})
	if err := m.Fetch(t.Context(), release.Base{Version: 7, Size: 100}, 0, fullDisk{}); err == nil {
		t.Error("no error")
	}
	if asked.Load() != 1 {
		t.Errorf("%d mirrors asked", asked.Load())
	}
}

func TestPausesGrowWithJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		for i := range 40 {
			began := time.Now()
			if !b.wait(t.Context()) {
				t.Fatal("ended early")
			}
			full := min(firstPause<<min(i, 20), lastPause)
			if took := time.Since(began); took < full/2 || took > full {
				t.Errorf("pause %d: %s, want up to %s", i, took, full)
			}
		}
		b.reset()
		began := time.Now()
		b.wait(t.Context())
		if time.Since(began) > firstPause {
			t.Error("reset had no effect")
		}
	})
}

func TestBadURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{nil, {""}, {"publisher.example:5380"}, {"ftp://publisher.example"}, {"http://"}} {
		if _, err := NewHTTPSource(bad, releasetest.Stream); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}
