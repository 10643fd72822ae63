package publisher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// world is a store with a table presented that the test writes, and publishers on it.
type world struct {
	t         testing.TB
	st        store.Store
	cfg       Config
	public    release.VerifyKey
	presented *table.Writer
	want      map[string][]zone.RRset // what presented says, by owner name
	zones     map[zone.Name]row.ZoneFacts
	closers   []func()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir())
}

func newWorldIn(t testing.TB, dir string) *world {
	t.Helper()
	st, err := embedded.Open(filepath.Join(dir, "store.db"), 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, st: st, cfg: DefaultConfig(), want: map[string][]zone.RRset{}, zones: map[zone.Name]row.ZoneFacts{}}
	w.closers = append(w.closers, func() { st.Close() })
	t.Cleanup(w.close)
	w.cfg.Data, w.cfg.KeyFile = filepath.Join(dir, "publisher"), filepath.Join(dir, "key")
	w.cfg.AsOfEvery = time.Second
	w.cfg.Gates.Window = 0
	if w.public, err = EnsureKey(w.cfg.KeyFile); err != nil {
		t.Fatal(err)
	}
	w.openPresented()
	return w
}

// close ends what the world started, newest first. It may be called early.
func (w *world) close() {
	for _, end := range slices.Backward(w.closers) {
		end()
	}
	w.closers = nil
}

func (w *world) openPresented() {
	w.t.Helper()
	var err error
	if w.presented, err = table.OpenWriter(w.t.Context(), w.st, tablePresented, table.Options{Instance: "test", Shards: 16}); err != nil {
		w.t.Fatal(err)
	}
}

// publisher is one running stage.
type publisher struct {
	*Stage
	h    *service.Host
	stop func()
}

func (w *world) start(instance string) *publisher { return w.startWith(instance, w.cfg) }

func (w *world) startWith(instance string, cfg Config) *publisher {
	w.t.Helper()
	var out io.Writer = io.Discard
	if testing.Verbose() {
		out = w.t.Output()
	}
	h := service.NewHost(instance, "", slog.New(slog.NewTextHandler(out, nil)))
	h.SetURL("http://192.0.2.1:5380")
	s, err := New(cfg, w.st, h)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	p := &publisher{Stage: s, h: h}
	p.stop = func() {
		cancel()
		if done != nil {
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				w.t.Errorf("run: %v", err)
			}
			done = nil
		}
	}
	w.closers = append(w.closers, p.stop)
	return p
}

// edit is what a commit of presented changes.
type edit struct {
	w  *world
	tx *table.Tx
}

func (w *world) commit(change func(e edit)) {
	w.t.Helper()
	e := edit{w, w.presented.Begin()}
	change(e)
	e.tx.SetAsOf(time.Now())
	if err := table.Commit(w.t.Context(), e.tx); err != nil {
		w.t.Fatal(err)
	}
}

func (e edit) zone(apex string) {
	e.facts(apex, row.ZoneFacts{Timestamp: true})
	e.put(apex, apex, "SOA ns.example. host.example. 1 3600 600 86400 60", "NS ns.example.")
}

func (e edit) facts(apex string, facts row.ZoneFacts) {
	value, err := json.Marshal(facts)
	if err != nil {
		e.w.t.Fatal(err)
	}
	e.tx.Put(row.ZoneKey(name(e.w.t, apex)), value)
	e.w.zones[name(e.w.t, apex)] = facts
}

func (e edit) dropZone(apex string) {
	e.dropFacts(apex)
	for n := range e.w.want {
		if name(e.w.t, n).Under(name(e.w.t, apex)) {
			e.drop(n)
		}
	}
}

func (e edit) dropFacts(apex string) {
	e.tx.Delete(row.ZoneKey(name(e.w.t, apex)))
	delete(e.w.zones, name(e.w.t, apex))
}

// put sets what is presented at a name: "A 192.0.2.1" and the like.
func (e edit) put(apex, owner string, records ...string) {
	n := name(e.w.t, owner)
	sets := setsOf(e.w.t, records...)
	e.tx.Put(n.String(), row.Presented{Zone: name(e.w.t, apex), Sets: sets}.Encode())
	if e.w.want[n.String()] = sets; len(sets) == 0 {
		delete(e.w.want, n.String())
	}
}

func (e edit) drop(owner string) {
	e.tx.Delete(owner)
	delete(e.w.want, owner)
}

func setsOf(t testing.TB, records ...string) (sets []zone.RRset) {
	t.Helper()
	for _, text := range records {
		typ, data, _ := strings.Cut(text, " ")
		kind, ok := zone.ParseType(typ)
		if !ok {
			t.Fatalf("bad type %q", typ)
		}
		rdata, err := zone.ParseRdata(kind, data, "")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(sets, func(s zone.RRset) bool { return s.Type == kind })
		if i < 0 {
			sets = append(sets, zone.RRset{Type: kind, TTL: 300})
			i = len(sets) - 1
		}
		sets[i].Data = append(sets[i].Data, rdata)
		sets[i].Normalize()
	}
	zone.SortSets(sets)
	return sets
}

func name(t testing.TB, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// proxy is a minimal verifier: it follows the head as a local proxy must, and checks every promise on the way.
type proxy struct {
	w       *world
	dirs    []string // where base files may be
	head    release.Head
	view    *snapshot.View
	changed <-chan struct{}
}

func (w *world) proxy(dirs ...string) *proxy {
	if len(dirs) == 0 {
		dirs = []string{w.cfg.Data}
	}
	changed, cancel := w.st.Watch(release.HeadPath(w.cfg.Stream))
	p := &proxy{w: w, dirs: dirs, changed: changed}
	w.closers = append(w.closers, cancel, p.close)
	return p
}

func (p *proxy) close() {
	if p.view != nil {
		p.view.Base().Close()
		p.view = nil
	}
}

// until follows heads until ok says so.
func (p *proxy) until(what string, ok func() bool) {
	p.w.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		p.follow()
		if p.view != nil && ok() {
			return
		}
		select {
		case <-p.changed:
		case <-time.After(200 * time.Millisecond):
		case <-deadline:
			p.w.t.Fatalf("%s: not within 20 s; version %d serves %v, presented has %v", what, p.head.Version, p.names(), slices.Sorted(maps.Keys(p.w.want)))
		}
	}
}

// synced waits until what presented says is served, exactly.
func (p *proxy) synced(what string) {
	p.w.t.Helper()
	p.until(what, func() bool { return p.differs() == "" })
}

func (p *proxy) differs() string {
	if len(p.view.Zones()) != len(p.w.zones) {
		return "the zone table"
	}
	for _, z := range p.view.Zones() {
		if facts, ok := p.w.zones[z.Apex]; !ok || facts.SerialLiteral != z.SerialLiteral || facts.Timestamp != z.Timestamp {
			return "zone " + z.Apex.String()
		}
	}
	served := map[string][]zone.RRset{}
	for node, err := range p.view.Walk("") {
		if err != nil {
			p.w.t.Fatal(err)
		}
		if len(node.Sets) > 0 {
			served[node.Name.String()] = node.Sets
		}
	}
	for n, sets := range p.w.want {
		if !zone.SetsEqual(served[n], sets) {
			return n
		}
	}
	for n := range served {
		if _, ok := p.w.want[n]; !ok {
			return n
		}
	}
	return ""
}

func (p *proxy) names() (list []string) {
	if p.view == nil {
		return nil
	}
	for node, err := range p.view.Walk("") {
		if err != nil {
			p.w.t.Fatal(err)
		}
		if len(node.Sets) > 0 {
			list = append(list, node.Name.String())
		}
	}
	return list
}

func (p *proxy) serves(owner string) bool {
	node, ok := p.view.Lookup(name(p.w.t, owner))
	return ok && len(node.Sets) > 0
}

// follow takes the newest head, by deltas where it can and from the base where it must.
func (p *proxy) follow() {
	t := p.w.t
	t.Helper()
	node, err := p.w.st.Get(t.Context(), release.HeadPath(p.w.cfg.Stream))
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	head, err := release.Open(node.Data, []release.VerifyKey{p.w.public})
	if err != nil {
		t.Fatal(err)
	}
	if head == p.head {
		return
	}
	if p.view != nil && !head.Newer(p.head) {
		t.Fatalf("head went back from %+v to %+v", p.head, head)
	}
	if p.view == nil || head.Epoch != p.head.Epoch || !p.replay(head, p.head.Version, p.head.Chain) {
		p.load(head)
	}
	p.head = head
}

func (p *proxy) replay(head release.Head, at uint64, chain release.Hash) bool {
	t := p.w.t
	t.Helper()
	view := p.view
	for at < head.Version {
		children, err := p.w.st.Children(t.Context(), release.PathLog)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(children, func(c string) bool { return c > fmt.Sprintf("%020d", at) })
		if i < 0 {
			return false
		}
		node, err := p.w.st.Get(t.Context(), release.PathLog+"/"+children[i])
		if errors.Is(err, store.ErrNotFound) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := release.DecodeEntry(node.Data)
		if err != nil {
			t.Fatal(err)
		}
		if e.Rebase != nil || e.Prev != at {
			return false
		}
		if err := e.Verify(chain); err != nil {
			t.Fatalf("after %d: %v", at, err)
		}
		d, err := snapshot.DecodeDelta(e.Delta)
		if err != nil {
			t.Fatal(err)
		}
		view, at, chain = view.Apply(d), e.Version, e.Chain
	}
	if chain != head.Chain {
		t.Fatalf("version %d: the head's chain is not the log's", head.Version)
	}
	p.view = view
	return true
}

func (p *proxy) load(head release.Head) {
	t := p.w.t
	t.Helper()
	var snap *snapshot.Snapshot
	var err error
	for _, dir := range p.dirs {
		if snap, err = (&shelf{filepath.Join(dir, "bases")}).open(head.Base); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("the head's base cannot be loaded: %v", err)
	}
	p.close()
	p.view = snapshot.NewView(snap)
	if !p.replay(head, head.Base.Version, head.Base.Chain) {
		t.Fatalf("the deltas from base %d to %d cannot be had", head.Base.Version, head.Version)
	}
}

// scratch builds the expected content from scratch and gives the file's hash (P1).
func (w *world) scratch(zones []snapshot.Zone, content map[string][]zone.RRset, seed snapshot.Seed) string {
	w.t.Helper()
	b := snapshot.NewBuilder(seed)
	for _, z := range zones {
		if err := b.AddZone(z); err != nil {
			w.t.Fatal(err)
		}
	}
	for n, sets := range content {
		if err := b.Add(snapshot.Node{Name: name(w.t, n), Sets: sets}); err != nil {
			w.t.Fatal(err)
		}
	}
	stat, err := b.WriteFile(filepath.Join(w.t.TempDir(), "scratch.snap"))
	if err != nil {
		w.t.Fatal(err)
	}
	return stat.SHA256
}

// heldItems reads table held.publisher.
func (w *world) heldItems() (items []row.Held) {
	w.t.Helper()
	view, err := table.Read(w.t.Context(), w.st, tableHeld)
	if errors.Is(err, table.ErrNotFound) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for _, value := range view.All() {
		var item row.Held
		if err := json.Unmarshal(value, &item); err != nil {
			w.t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

// held waits for the one item of a zone with a check.
func (w *world) held(subject, check string) row.Held {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); w.pause() {
		for _, item := range w.heldItems() {
			var sum Summary
			if err := json.Unmarshal(item.Detail, &sum); err != nil {
				w.t.Fatal(err)
			}
			if item.Subject == subject && slices.Contains(sum.Checks, check) {
				return item
			}
		}
	}
	w.t.Fatalf("%s is not held by %s: %+v", subject, check, w.heldItems())
	panic("unreachable")
}

// pause waits for the store to change, or a moment.
func (w *world) pause() { time.Sleep(10 * time.Millisecond) }

func (p *publisher) post(path string, body request) *httptest.ResponseRecorder {
	data, _ := json.Marshal(body)
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+path, bytes.NewReader(data))
	w := httptest.NewRecorder()
	p.h.Mux.ServeHTTP(w, r)
	return w
}

func (p *publisher) mustPost(path string, body request) {
	if w := p.post(path, body); w.Code != http.StatusOK {
		panic(fmt.Sprintf("%s: %d %s", path, w.Code, w.Body))
	}
}
