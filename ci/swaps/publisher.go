package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

// publisher signs releases and serves them as the processes of the pipeline do. The pipeline itself makes a base only when
// that is due; here it is asked for, so that many come within minutes.
type publisher struct {
	plan
	dir    string
	key    release.SigningKey
	public release.VerifyKey
	url    string

	// What the one goroutine that releases owns.
	head release.Head
	view *snapshot.View

	mu      sync.Mutex // what HTTP shows
	signed  []byte
	log     map[uint64][]byte
	bases   map[uint64]string // version -> file
	changed chan struct{}     // closed with the next head
}

const (
	stream   = "stable"
	keptLogs = 64 // entries; the proxy is never further behind
)

func startPublisher(dir, zonePath string, p plan) (*publisher, error) {
	b := &publisher{plan: p, dir: dir, log: map[uint64][]byte{}, bases: map[uint64]string{}, changed: make(chan struct{})}
	var err error
	if b.key, b.public, err = release.NewKey("swaps.example"); err != nil {
		return nil, err
	}
	start := uint64(time.Now().Unix())
	path := b.path(start)
	stat, problems, err := snapshot.ZoneFiles{Paths: []string{zonePath}}.Compile(path, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", err, problems)
	}
	b.head = release.Head{Stream: stream, Epoch: 1, Version: start, MinReader: release.ReaderVersion}
	base, err := b.take(path, start, stat)
	if err != nil {
		return nil, err
	}
	entry := release.Entry{Epoch: 1, Version: start}
	if err := b.commit(entry, nil, &base); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.url = "http://" + l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/head", b.serveHead)
	mux.HandleFunc("GET /v1/log/{version}", b.serveEntry)
	mux.HandleFunc("GET /v1/offers", b.serveOffers)
	mux.HandleFunc("GET /v1/bases/{version}", b.serveBase)
	go func() { _ = (&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(l) }() // until the command ends
	return b, nil
}

func (p *publisher) path(version uint64) string {
	return filepath.Join(p.dir, fmt.Sprintf("published-%d.snap", version))
}

// take opens a base that was written, makes it what views stand on, and describes it.
func (p *publisher) take(path string, version uint64, stat snapshot.Stat) (release.Base, error) {
	sum, err := hex.DecodeString(stat.SHA256)
	if err != nil || len(sum) != len(release.Hash{}) {
		return release.Base{}, fmt.Errorf("%s: hash %q", path, stat.SHA256)
	}
	snap, err := snapshot.Open(path)
	if err != nil {
		return release.Base{}, err
	}
	if p.view != nil {
		if err := p.view.Base().Close(); err != nil {
			return release.Base{}, err
		}
	}
	p.view = snapshot.NewView(snap)
	seed := snap.Seed()
	return release.Base{Version: version, SHA256: release.Hash(sum), Size: stat.Size, Zones: stat.Zones, Names: stat.Names,
		Records: stat.Records, Seed: hex.EncodeToString(seed[:])}, nil
}

// next makes release n and shows it.
func (p *publisher) next(n int) error {
	d, err := p.delta(n)
	if err != nil {
		return err
	}
	version := p.head.Version + 1
	entry := release.Entry{Epoch: 1, Version: version, Prev: p.head.Version}
	view := p.view.Apply(d)
	if !p.byBase(n) {
		p.view = view
		return p.commit(entry, d, nil)
	}
	path := p.path(version)
	stat, err := view.Compile(snapshot.Seed{}, path)
	if err != nil {
		return err
	}
	base, err := p.take(path, version, stat)
	if err != nil {
		return err
	}
	return p.commit(entry, nil, &base)
}

// commit links an entry to the chain, with a delta or a base, and signs the head that points to it.
func (p *publisher) commit(e release.Entry, d *snapshot.Delta, base *release.Base) error {
	now := time.Now().Unix()
	e.Released, e.AsOf = now, now
	if d != nil {
		e.Delta = d.Encode()
		e.Content = sha256.Sum256(e.Delta)
	} else {
		e.Content = base.SHA256
	}
	e.Chain = release.Link(p.head.Chain, e.Epoch, e.Version, e.Content)
	if base != nil {
		base.Chain = e.Chain
		e.Rebase, p.head.Base = base, *base
	}
	raw, err := e.Encode()
	if err != nil {
		return err
	}
	p.head.Version, p.head.Chain = e.Version, e.Chain
	p.head.Released, p.head.Signed, p.head.AsOf, p.head.Expires = now, now, now, now+86400
	signed, err := release.Sign(p.head, p.key)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signed, p.log[e.Version] = signed, raw
	delete(p.log, e.Version-keptLogs)
	if base != nil {
		for version, path := range p.bases { // every release is waited for: nobody reads these any more
			delete(p.bases, version)
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		p.bases[e.Version] = p.path(e.Version)
	}
	close(p.changed)
	p.changed = make(chan struct{})
	return nil
}

func (p *publisher) serveHead(w http.ResponseWriter, r *http.Request) {
	for {
		p.mu.Lock()
		signed, changed := p.signed, p.changed
		p.mu.Unlock()
		sum := sha256.Sum256(signed)
		if tag := hex.EncodeToString(sum[:8]); r.URL.Query().Get("etag") != tag {
			w.Header().Set("ETag", `"`+tag+`"`)
			_, _ = w.Write(signed)
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// version reads the one in the path; 0 is none.
func version(r *http.Request) uint64 {
	v, _ := strconv.ParseUint(r.PathValue("version"), 10, 64)
	return v
}

func (p *publisher) serveEntry(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	raw, ok := p.log[version(r)]
	p.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(raw)
}

func (p *publisher) serveOffers(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	offer := release.Offer{Instance: "swaps", URL: p.url}
	for v := range p.bases {
		offer.Versions = append(offer.Versions, v)
	}
	p.mu.Unlock()
	_ = json.NewEncoder(w).Encode([]release.Offer{offer})
}

func (p *publisher) serveBase(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	path, ok := p.bases[version(r)]
	p.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeFile(w, r, path)
}
