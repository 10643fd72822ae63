package follow

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/localproxy/live"
	"zonecast/localproxy/releasetest"
)

// proxy is a follower under test; what it does comes out of channels.
type proxy struct {
	*Follower
	slot    live.Slot
	swapped chan release.Head
	refused chan Reason
	failed  chan error
	broken  chan error
	lost    chan error
	stop    func()
}

func begin(t *testing.T, p *releasetest.Publisher, dir string) *proxy {
	t.Helper()
	x := &proxy{swapped: make(chan release.Head, 100), refused: make(chan Reason, 100), failed: make(chan error, 100), broken: make(chan error, 100), lost: make(chan error, 100)}
	events := Events{
		Refused: func(r Reason) { x.refused <- r },
		Failed: func(err error) {
			select {
			case x.failed <- err:
			default:
			}
		},
		Swapped: func(r *live.Release, _ time.Duration, _ bool) { x.swapped <- r.Head },
		Broken:  func(err error) { x.broken <- err },
		Lost:    func(err error) { x.lost <- err },
	}
	x.Follower = New(Config{Stream: releasetest.Stream, Keys: []release.VerifyKey{p.Public}, Dir: dir},
		releasetest.Source{Publisher: p, Gone: ErrGone}, &x.slot, events, slog.New(slog.DiscardHandler))
	if err := x.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = x.Run(ctx) }()
	x.stop = func() { cancel(); <-done; x.slot.Swap(nil) }
	t.Cleanup(func() { cancel(); <-done })
	return x
}

const patience = 20 * time.Second

// reach waits until a version signed at or after the publisher's head is in force.
func (x *proxy) reach(t *testing.T, want release.Head) {
	t.Helper()
	for {
		select {
		case h := <-x.swapped:
			if h == want {
				return
			}
		case r := <-x.refused:
			t.Fatalf("refused: %s", r)
		case <-time.After(patience):
			t.Fatalf("version %d was not reached", want.Version)
		}
	}
}

func (x *proxy) wantRefusal(t *testing.T, want Reason) {
	t.Helper()
	select {
	case r := <-x.refused:
		if r != want {
			t.Fatalf("refused for %s, want %s", r, want)
		}
	case <-time.After(patience):
		t.Fatalf("not refused for %s", want)
	}
}

// address is what Host has now.
func (x *proxy) address(t *testing.T) string {
	t.Helper()
	r := x.slot.Take()
	if r == nil {
		return "nothing"
	}
	defer r.Done()
	node, _ := r.View.Lookup(releasetest.Name(t, releasetest.Host))
	set, ok := zone.FindSet(node.Sets, zone.TypeA)
	if !ok {
		return "no address"
	}
	return zone.RdataText(zone.TypeA, set.Data[0])
}

func (x *proxy) want(t *testing.T, address string) {
	t.Helper()
	if got := x.address(t); got != address {
		t.Fatalf("serves %s, want %s", got, address)
	}
}

func TestFollowsAndRestarts(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	x := begin(t, p, dir)
	x.reach(t, p.Head)
	x.want(t, "192.0.2.1")
	for _, a := range []string{"192.0.2.2", "192.0.2.3"} {
		p.Move(a)
		x.reach(t, p.Head)
		x.want(t, a)
	}
	p.Resign(nil) // a heartbeat
	x.reach(t, p.Head)
	if p.Count("base") != 1 {
		t.Errorf("%d bases fetched for two deltas", p.Count("base"))
	}
	last := p.Head
	x.stop()

	p.Break(errors.New("everything is down"))
	x = begin(t, p, dir)
	x.want(t, "192.0.2.3") // before anything can be asked (P5)
	x.reach(t, last)
	<-x.failed
	x.stop()

	p.Break(nil)
	p.Move("192.0.2.4")
	x = begin(t, p, dir)
	x.reach(t, p.Head)
	x.want(t, "192.0.2.4")
	if p.Count("base") != 1 {
		t.Errorf("%d bases fetched: the one on disk was not used", p.Count("base"))
	}
}

func TestSeveralVersionsAtOnce(t *testing.T) {
	t.Parallel()
	p := releasetest.New(t)
	p.Compile(false)
	for range 20 {
		p.Move("192.0.2.9")
	}
	p.Move("192.0.2.10")
	x := begin(t, p, t.TempDir())
	x.reach(t, p.Head)
	x.want(t, "192.0.2.10")
}

func TestRebaseAndTrimmedLog(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(p *releasetest.Publisher){
		"rebase":         func(p *releasetest.Publisher) { p.Move("192.0.2.2"); p.Compile(true); p.Move("192.0.2.3") },
		"rebase at last": func(p *releasetest.Publisher) { p.Move("192.0.2.3"); p.Compile(true) },
		"trimmed": func(p *releasetest.Publisher) {
			p.Move("192.0.2.2")
			p.Compile(false)
			p.Move("192.0.2.3")
			p.Lock()
			delete(p.Log, releasetest.Start)
			delete(p.Log, releasetest.Start+1)
			p.Unlock()
		},
		"new epoch": func(p *releasetest.Publisher) { p.Begin(2, releasetest.Start-1000); p.Move("192.0.2.3") },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, dir := releasetest.New(t), t.TempDir()
			x := begin(t, p, dir)
			x.reach(t, p.Head)
			x.stop()
			change(p)
			for range 2 { // it also loads again what it installed
				x = begin(t, p, dir)
				x.reach(t, p.Head)
				x.want(t, "192.0.2.3")
				x.stop()
			}
			if want := map[bool]int{true: 1, false: 2}[what == "new epoch"]; p.Count("base") != want { // it begins with what is served
				t.Errorf("%d bases fetched, want %d", p.Count("base"), want)
			}
			if bases, _ := filepath.Glob(filepath.Join(dir, "base-*")); len(bases) > 2 { // the newest, and the one before
				t.Errorf("old bases are still there: %v", bases)
			}
		})
	}
}

// Every guard on a head or its content: it is refused for its reason, the old release serves on, and a good head
// after it is taken.
func TestRefusals(t *testing.T) {
	t.Parallel()
	apex := func(t *testing.T, sets ...zone.RRset) snapshot.NameChange {
		return snapshot.NameChange{Name: releasetest.Name(t, releasetest.Zone), State: snapshot.Data, Sets: sets}
	}
	for what, c := range map[string]struct {
		reason Reason
		bad    func(t *testing.T, p *releasetest.Publisher)
	}{
		"another key": {ReasonSignature, func(t *testing.T, p *releasetest.Publisher) {
			other := releasetest.New(t)
			p.Put(other.Signed)
		}},
		"changed text": {ReasonSignature, func(_ *testing.T, p *releasetest.Publisher) {
			p.Put([]byte(strings.Replace(string(p.Signed), releasetest.Stream, "canary", 1)))
		}},
		"rubbish": {ReasonSignature, func(_ *testing.T, p *releasetest.Publisher) { p.Put([]byte("rubbish")) }},
		"empty":   {ReasonSignature, func(_ *testing.T, p *releasetest.Publisher) { p.Put([]byte{}) }},
		"stream":  {ReasonStream, func(_ *testing.T, p *releasetest.Publisher) { p.Resign(func(h *release.Head) { h.Stream = "canary" }) }},
		"reader": {ReasonReader, func(_ *testing.T, p *releasetest.Publisher) {
			p.Resign(func(h *release.Head) { h.MinReader = release.ReaderVersion + 1 })
		}},
		"older version": {ReasonRollback, func(_ *testing.T, p *releasetest.Publisher) { p.Resign(func(h *release.Head) { h.Version-- }) }},
		"older signature": {ReasonRollback, func(_ *testing.T, p *releasetest.Publisher) {
			p.Resign(func(h *release.Head) { h.Signed -= 100 })
		}},
		"older epoch": {ReasonRollback, func(_ *testing.T, p *releasetest.Publisher) { p.Resign(func(h *release.Head) { h.Epoch-- }) }},
		"another history of the same version": {ReasonChain, func(_ *testing.T, p *releasetest.Publisher) {
			p.Resign(func(h *release.Head) { h.Chain[0] ^= 1 })
		}},
		"another history": {ReasonChain, func(t *testing.T, p *releasetest.Publisher) {
			p.Head.Chain[0] ^= 1
			p.Move("192.0.2.66")
		}},
		"entry changed": {ReasonChain, func(t *testing.T, p *releasetest.Publisher) {
			other := releasetest.New(t)
			other.Head.Chain, other.Head.Version = p.Head.Chain, p.Head.Version
			other.Move("192.0.2.66")
			p.Lock()
			p.Log[p.Head.Version+1] = other.Log[p.Head.Version+1]
			bad := p.Log[p.Head.Version+1]
			p.Unlock()
			p.Break(errors.New("wait")) // or it could follow the true entry before it is changed
			p.Move("192.0.2.7")
			p.Lock()
			p.Log[p.Head.Version] = bad
			p.Unlock()
			p.Break(nil)
			p.Resign(nil)
		}},
		"entry is rubbish": {ReasonEntry, func(t *testing.T, p *releasetest.Publisher) {
			p.Break(errors.New("wait"))
			p.Move("192.0.2.66")
			p.Lock()
			p.Log[p.Head.Version] = []byte("rubbish")
			p.Fail = nil
			p.Unlock()
		}},
		"no SOA": {ReasonSentinel, func(t *testing.T, p *releasetest.Publisher) {
			p.Release(snapshot.Delta{Names: []snapshot.NameChange{apex(t, releasetest.Set(t, zone.TypeNS, "ns1.example."))}})
		}},
		"apex gone": {ReasonSentinel, func(t *testing.T, p *releasetest.Publisher) {
			p.Release(snapshot.Delta{Names: []snapshot.NameChange{{Name: releasetest.Name(t, releasetest.Zone), State: snapshot.Gone}}})
		}},
		"no zone": {ReasonEmpty, func(t *testing.T, p *releasetest.Publisher) {
			p.Release(snapshot.Delta{Zones: []snapshot.ZoneChange{{Zone: snapshot.Zone{Apex: releasetest.Name(t, releasetest.Zone)}, Gone: true}}})
		}},
		"base of other content": {ReasonBase, func(_ *testing.T, p *releasetest.Publisher) {
			p.Lock()
			content := append([]byte(nil), p.Bases[p.Head.Base.Version]...)
			content[len(content)/2] ^= 1
			p.Bases[p.Head.Base.Version] = content
			p.Unlock()
			p.Resign(func(h *release.Head) {
				h.Epoch++
				h.Base.Version = h.Version
				h.Base.Chain = h.Chain
				p.Bases[h.Version] = content
			})
		}},
		"base of other content, well made": {ReasonBase, func(t *testing.T, p *releasetest.Publisher) {
			other := releasetest.New(t)
			other.Move("192.0.2.6") // as long as the true one
			other.Compile(false)
			p.Break(errors.New("away")) // what is served is not what the base has: it is fetched
			p.Move("192.0.2.4")
			p.Compile(false)
			p.Resign(func(h *release.Head) { h.Epoch++; p.Bases[h.Version] = other.Bases[other.Head.Version] })
			p.Break(nil)
		}},
		"base of other counts": {ReasonBase, func(_ *testing.T, p *releasetest.Publisher) {
			p.Resign(func(h *release.Head) {
				p.Bases[h.Version] = p.Bases[h.Base.Version]
				h.Epoch++
				h.Base.Version, h.Base.Chain = h.Version, h.Chain
				h.Base.Names++
			})
		}},
		"base of another chain": {ReasonChain, func(_ *testing.T, p *releasetest.Publisher) {
			p.Resign(func(h *release.Head) { h.Epoch++; h.Base.Version = h.Version; h.Base.Chain[0] ^= 1 })
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, dir := releasetest.New(t), t.TempDir()
			p.Move("192.0.2.5")
			x := begin(t, p, dir)
			x.reach(t, p.Head)
			good := p.Head
			c.bad(t, p)
			x.wantRefusal(t, c.reason)
			x.want(t, "192.0.2.5")
			x.stop()
			x = begin(t, p, dir) // also not after a restart
			x.want(t, "192.0.2.5")
			x.stop()

			p.Lock()
			p.Head = good
			p.Unlock()
			next := releasetest.New(t) // the stream is mended: a new epoch, which is what epochs are for
			next.Key, next.Public = p.Key, p.Public
			next.Begin(9, releasetest.Start)
			next.Move("192.0.2.6")
			x = begin(t, next, dir)
			x.reach(t, next.Head)
			x.want(t, "192.0.2.6")
		})
	}
}

func TestRebaseIsHeldToTheChain(t *testing.T) {
	t.Parallel()
	p := releasetest.New(t)
	x := begin(t, p, t.TempDir())
	x.reach(t, p.Head)
	x.stop()
	p.Move("192.0.2.2")
	p.Compile(true)
	e, err := release.DecodeEntry(p.Log[p.Head.Version])
	if err != nil {
		t.Fatal(err)
	}
	// Somebody who can write the store but has no key puts another base under the same link.
	evil := *e.Rebase
	evil.SHA256[0] ^= 1
	e.Rebase, e.Content = &evil, evil.SHA256
	if p.Log[p.Head.Version], err = e.Encode(); err != nil {
		t.Fatal(err)
	}
	x = begin(t, p, x.cfg.Dir)
	x.wantRefusal(t, ReasonChain)
	x.want(t, "192.0.2.1")
}

func TestExpiredHeadIsServed(t *testing.T) {
	t.Parallel()
	p := releasetest.New(t)
	p.Resign(func(h *release.Head) { h.Expires = 1 })
	x := begin(t, p, t.TempDir())
	x.reach(t, p.Head)
	x.want(t, "192.0.2.1")
}

func TestCorruptFilesAreFetchedAnew(t *testing.T) {
	t.Parallel()
	for what, damage := range map[string]func(name string, content []byte) []byte{
		"base cut": func(n string, b []byte) []byte { return cutIf(strings.HasPrefix(n, "base-"), b) },
		"base of an older program": func(n string, b []byte) []byte {
			if strings.HasPrefix(n, "base-") {
				b[8] = 1 // the format
			}
			return b
		},
		"base flipped":  func(n string, b []byte) []byte { return flipIf(strings.HasPrefix(n, "base-"), b) },
		"journal empty": func(n string, b []byte) []byte { return b[:len(b)*btoi(!strings.HasPrefix(n, "journal-"))] },
		"journal head":  func(n string, b []byte) []byte { return flipIf(strings.HasPrefix(n, "journal-"), b) },
		"state":         func(n string, b []byte) []byte { return cutIf(n == "state.json", b) },
		"all empty":     func(_ string, _ []byte) []byte { return nil },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, dir := releasetest.New(t), t.TempDir()
			x := begin(t, p, dir)
			x.reach(t, p.Head)
			x.stop()
			files, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				path := filepath.Join(dir, f.Name())
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, damage(f.Name(), content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			x = begin(t, p, dir)
			x.reach(t, p.Head)
			x.want(t, "192.0.2.1")
			if p.Count("base") != 2 {
				t.Errorf("%d bases fetched", p.Count("base"))
			}
		})
	}
}

func cutIf(hit bool, b []byte) []byte {
	if hit {
		return b[:len(b)/2]
	}
	return b
}

func flipIf(hit bool, b []byte) []byte {
	if hit {
		b[len(b)/2] ^= 0x40
	}
	return b
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestMovesToANewerBase(t *testing.T) {
	t.Parallel()
	for _, same := range []bool{true, false} {
		p, dir := releasetest.New(t), t.TempDir()
		x := begin(t, p, dir)
		x.reach(t, p.Head)
		x.stop()
		p.Move("192.0.2.2")
		p.Compile(false)
		p.Move("192.0.2.3")
		if !same { // as if our bytes were not the publisher's: the seed is another
			p.Resign(func(h *release.Head) { h.Base.Seed = strings.Repeat("0", 32) })
			_ = same
		}
		x = begin(t, p, dir)
		x.reach(t, p.Head)
		x.stop()

		// As a big backlog would: the move is started by hand, since it takes thousands of versions.
		x = &proxy{swapped: make(chan release.Head, 10), refused: make(chan Reason, 10), failed: make(chan error, 10)}
		x.Follower = New(Config{Stream: releasetest.Stream, Keys: []release.VerifyKey{p.Public}, Dir: dir},
			releasetest.Source{Publisher: p, Gone: ErrGone}, &x.slot, Events{
				Refused: func(r Reason) { x.refused <- r }, Failed: func(err error) { x.failed <- err },
				Swapped: func(r *live.Release, _ time.Duration, _ bool) { x.swapped <- r.Head }}, slog.New(slog.DiscardHandler))
		if err := x.Open(); err != nil {
			t.Fatal(err)
		}
		list, err := x.folder.Entries()
		if err != nil || len(list) != 2 || !x.now.Base.Take() {
			t.Fatalf("%d entries, %v", len(list), err)
		}
		x.startMove(x.now.Head.Base, list)
		<-x.moving.done
		fetched := x.moving.fetched
		x.finishMove()
		x.want(t, "192.0.2.3")
		if same && (fetched || x.now.Base.Point != p.Head.Base) {
			t.Errorf("fetched=%t, base %d, want %d made here", fetched, x.now.Base.Point.Version, p.Head.Base.Version)
		}
		if !same && x.now.Base.Point.Version != releasetest.Start {
			t.Errorf("a base with another seed was taken")
		}
		if entries, _ := x.folder.Backlog(); same && entries != 1 {
			t.Errorf("%d entries in the journal after the move", entries)
		}
		x.folder.Close()
		x.slot.Swap(nil)
	}
}

func TestOneProxyAFolder(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	begin(t, p, dir)
	second := New(Config{Stream: releasetest.Stream, Dir: dir}, releasetest.Source{Publisher: p}, &live.Slot{}, Events{}, slog.New(slog.DiscardHandler))
	if err := second.Open(); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("second proxy in one folder: %v", err)
	}
}
