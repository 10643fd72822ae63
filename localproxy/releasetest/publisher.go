// Package releasetest is a publisher for tests of the local proxy: it makes real signed heads, log entries and base
// files, in memory, and lets a test break any of them.
package releasetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// Stream of all releases made here.
const Stream = "stable"

// Zone is the one zone, and Host the name in it whose address changes.
const (
	Zone = "example."
	Host = "www.example."
)

// Publisher is a source of releases. Its fields may be changed between steps of a test, under Lock.
type Publisher struct {
	sync.Mutex
	Key    release.SigningKey
	Public release.VerifyKey
	Head   release.Head // as it was signed last
	Log    map[uint64][]byte
	Bases  map[uint64][]byte
	Fail   error // what every call fails with, nil for none

	calls   map[string]int
	Signed  []byte
	view    *snapshot.View
	dir     string
	changed chan struct{}
	tb      testing.TB
}

// Start is the first version, like the Unix time it would be.
const Start = 1795000000

// New publishes version Start: a base with one zone, and Host at 192.0.2.1.
func New(tb testing.TB) *Publisher {
	tb.Helper()
	p := &Publisher{Log: map[uint64][]byte{}, Bases: map[uint64][]byte{}, calls: map[string]int{}, dir: tb.TempDir(), changed: make(chan struct{}), tb: tb}
	var err error
	p.Key, p.Public, err = release.NewKey("test")
	p.must(err)
	p.Begin(1, Start)
	return p
}

func (p *Publisher) must(err error) {
	p.tb.Helper()
	if err != nil {
		p.tb.Fatal(err)
	}
}

// Name parses a name.
func Name(tb testing.TB, text string) zone.Name {
	tb.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Set parses a set of one record.
func Set(tb testing.TB, t zone.Type, text string) zone.RRset {
	tb.Helper()
	data, err := zone.ParseRdata(t, text, "")
	if err != nil {
		tb.Fatal(err)
	}
	return zone.RRset{Type: t, TTL: 300, Data: []zone.Rdata{data}}
}

// Begin starts an epoch with a base.
func (p *Publisher) Begin(epoch, version uint64) {
	p.tb.Helper()
	b := snapshot.NewBuilder(snapshot.Seed{7})
	p.must(b.AddZone(snapshot.Zone{Apex: Name(p.tb, Zone), Timestamp: true}))
	p.must(b.Add(snapshot.Node{Name: Name(p.tb, Zone), Sets: []zone.RRset{
		Set(p.tb, zone.TypeNS, "ns1.example."), Set(p.tb, zone.TypeSOA, "ns1.example. hostmaster.example. 1 7200 900 1209600 300")}}))
	p.must(b.Add(snapshot.Node{Name: Name(p.tb, Host), Sets: []zone.RRset{Set(p.tb, zone.TypeA, "192.0.2.1")}}))
	path := filepath.Join(p.dir, fmt.Sprintf("begin-%d", epoch))
	stat, err := b.WriteFile(path)
	p.must(err)
	p.Lock()
	defer p.Unlock()
	base := p.keep(version, stat, path)
	e := release.Entry{Epoch: epoch, Version: version, Content: base.SHA256}
	e.Chain = release.Link(release.Hash{}, epoch, version, e.Content)
	base.Chain = e.Chain
	e.Rebase = &base
	p.put(e)
	p.Head = release.Head{Stream: Stream, Epoch: epoch, Version: version, Chain: e.Chain, Base: base, MinReader: 1,
		Released: int64(version), Signed: int64(version), AsOf: int64(version), Expires: int64(version) + 1<<30}
	p.sign()
}

// keep opens a base file for reading on and describes it.
func (p *Publisher) keep(version uint64, stat snapshot.Stat, path string) release.Base {
	content, err := os.ReadFile(path)
	p.must(err)
	p.Bases[version] = content
	snap, err := snapshot.Open(path)
	p.must(err)
	p.tb.Cleanup(func() { snap.Close() })
	p.view = snapshot.NewView(snap)
	seed := snap.Seed()
	return release.Base{Version: version, SHA256: sha256.Sum256(content), Size: stat.Size, Zones: stat.Zones, Names: stat.Names,
		Records: stat.Records, Seed: hex.EncodeToString(seed[:])}
}

func (p *Publisher) put(e release.Entry) {
	raw, err := e.Encode()
	p.must(err)
	p.Log[e.Version] = raw
}

// sign makes the head known.
func (p *Publisher) sign() {
	signed, err := release.Sign(p.Head, p.Key)
	p.must(err)
	p.Signed = signed
	close(p.changed)
	p.changed = make(chan struct{})
}

// Release publishes the next version: names changed as given.
func (p *Publisher) Release(d snapshot.Delta) {
	p.tb.Helper()
	p.Lock()
	defer p.Unlock()
	e := release.Entry{Epoch: p.Head.Epoch, Version: p.Head.Version + 1, Prev: p.Head.Version, Delta: d.Encode()}
	e.Content = sha256.Sum256(e.Delta)
	e.Chain = release.Link(p.Head.Chain, e.Epoch, e.Version, e.Content)
	p.put(e)
	p.view = p.view.Apply(&d)
	p.Head.Version, p.Head.Chain = e.Version, e.Chain
	p.Head.Signed++
	p.sign()
}

// Move publishes a version that gives Host another address.
func (p *Publisher) Move(address string) {
	p.tb.Helper()
	p.Release(snapshot.Delta{Names: []snapshot.NameChange{{Name: Name(p.tb, Host), State: snapshot.Data, Sets: []zone.RRset{Set(p.tb, zone.TypeA, address)}}}})
}

// Compile makes a base of the present version. With rebase it is published as the next version, a delta too large
// for the log.
func (p *Publisher) Compile(rebase bool) {
	p.tb.Helper()
	p.Lock()
	defer p.Unlock()
	version := p.Head.Version
	if rebase {
		version++
	}
	path := filepath.Join(p.dir, fmt.Sprintf("base-%d", version))
	stat, err := p.view.Compile(snapshot.Seed{7}, path)
	p.must(err)
	base := p.keep(version, stat, path)
	base.Chain = p.Head.Chain
	if rebase {
		e := release.Entry{Epoch: p.Head.Epoch, Version: version, Prev: p.Head.Version, Content: base.SHA256}
		e.Chain = release.Link(p.Head.Chain, e.Epoch, e.Version, e.Content)
		base.Chain = e.Chain
		e.Rebase = &base
		p.put(e)
		p.Head.Version, p.Head.Chain = version, e.Chain
	} else {
		p.Head.Base = base
	}
	p.Head.Signed++
	p.sign()
}

// Resign changes the head and signs it.
func (p *Publisher) Resign(change func(h *release.Head)) {
	p.tb.Helper()
	p.Lock()
	defer p.Unlock()
	p.Head.Signed++
	if change != nil {
		change(&p.Head)
	}
	p.sign()
}

// Put makes octets the signed head, whatever they are.
func (p *Publisher) Put(signed []byte) {
	p.Lock()
	defer p.Unlock()
	p.Signed = signed
	close(p.changed)
	p.changed = make(chan struct{})
}

// Count tells how often a call was made: "head", "entry" or "base".
func (p *Publisher) Count(call string) int {
	p.Lock()
	defer p.Unlock()
	return p.calls[call]
}

// Break makes every call fail with err; nil mends it.
func (p *Publisher) Break(err error) {
	p.Lock()
	defer p.Unlock()
	p.Fail = err
}

// Source adapts the publisher to a follower; gone is the sentinel for absent log entries.
type Source struct {
	*Publisher
	Gone error
}

// Head waits for another head.
func (s Source) Head(ctx context.Context, seen []byte, _ release.Head) ([]byte, error) {
	for {
		s.Lock()
		s.calls["head"]++
		signed, changed, err := s.Signed, s.changed, s.Fail
		s.Unlock()
		if err != nil {
			return nil, err
		}
		if seen == nil || !bytes.Equal(signed, seen) {
			return signed, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Entry gives a log entry.
func (s Source) Entry(_ context.Context, version uint64) ([]byte, error) {
	s.Lock()
	defer s.Unlock()
	s.calls["entry"]++
	if s.Fail != nil {
		return nil, s.Fail
	}
	if raw, ok := s.Log[version]; ok {
		return slices.Clone(raw), nil
	}
	return nil, s.Gone
}

// FetchBase writes a base.
func (s Source) FetchBase(_ context.Context, b release.Base, offset int64, w io.Writer) error {
	s.Lock()
	defer s.Unlock()
	s.calls["base"]++
	if s.Fail != nil {
		return s.Fail
	}
	content, ok := s.Bases[b.Version]
	if !ok || offset > int64(len(content)) {
		return fmt.Errorf("no base %d from %d", b.Version, offset)
	}
	_, err := w.Write(content[offset:])
	return err
}

// Close is there for whoever wants to close a source.
func (Source) Close() {}
