package zonecast

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/api"
	"zonecast/internal/release"
	"zonecast/internal/service"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/store/zk"
	"zonecast/internal/store/zktest"
	"zonecast/internal/zone"
	"zonecast/presenter"
	"zonecast/presenter/zonefile"
	"zonecast/publisher"
	"zonecast/rules"
)

// TestDeterministic is promise P1: the same inventory in ten random orders, with duplicates, deletes before puts and
// restarts between, on either store, gives base files that are the same, octet for octet.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	const orders = 10
	events := fleetHistory()
	engines := [...]string{"embedded", "zookeeper"}
	var firsts [len(engines)][]byte
	t.Run("orders", func(t *testing.T) {
		for i, engine := range engines {
			t.Run(engine, func(t *testing.T) {
				t.Parallel()
				for order := range uint64(orders) {
					base := newMill(t, engine).run(rand.New(rand.NewPCG(2026, order)), events)
					if order == 0 {
						firsts[i] = base
					}
					if !bytes.Equal(base, firsts[i]) {
						t.Fatalf("order %d: the base is another file than the first", order)
					}
				}
			})
		}
	})
	if !bytes.Equal(firsts[0], firsts[1]) {
		t.Error("the bases of the two stores differ")
	}
	checkContent(t, firsts[0])
}

// fleetHistory is every revision of forty servers: they move, change their roles, share addresses, some are deleted,
// and some come back.
func fleetHistory() (events []string) {
	for i := range 40 {
		for rev := 1; rev <= 5; rev++ {
			if (i%5 == 0 && rev == 5) || (i%4 == 0 && rev == 3) {
				events = append(events, fmt.Sprintf(`{"op":"delete","kind":"server","id":"s%02d","rev":%d}`, i, rev))
				continue
			}
			name := fmt.Sprintf("s%02d", i)
			events = append(events, fmt.Sprintf(`{"op":"put","kind":"server","id":"%s","rev":%d,"attrs":{"hostname":"%s","ipv4":"192.0.2.%d","roles":["r%d","web"]}}`,
				name, rev, name, (i*7+rev*3)%200, (i+rev)%6))
		}
	}
	return events
}

// mill is the three stages that make releases, on a store of its own, in this process.
type mill struct {
	t    testing.TB
	dir  string
	open func() store.Store

	host *service.Host
	st   store.Store
	stop func()
}

func newMill(t testing.TB, engine string) *mill {
	t.Helper()
	m := &mill{t: t, dir: t.TempDir()}
	write := func(name, text string) { writeFile(t, filepath.Join(m.dir, name), text) }
	write("rules/kinds.yaml", "kinds:\n  server: {hostname: label, ipv4: ipv4, roles: {list: label, optional: true}}\n")
	write("rules/servers.yaml", `module: servers
kind: server
ttl: 300
records:
  - {name: '{hostname}.prod.example.', type: A, value: '{ipv4}'}
  - {name: '{reverse(ipv4)}', type: PTR, value: '{hostname}.prod.example.'}
  - {each: roles, name: '{it}.pool.prod.example.', type: A, value: '{ipv4}'}
`)
	write("zones/prod.example.yaml", `'': {type: NS, value: ns1.prod.example.}
ns1: {type: A, value: 192.0.2.253}
s01: {type: A, value: 192.0.2.254, zonecast: {mode: replace}}
s02: {zonecast: {mode: mask, scope: name}}
r1.pool: {type: A, value: 192.0.2.252, zonecast: {mode: merge}}
s03: {type: CNAME, value: s04.prod.example.}
a.deep.name: {type: TXT, value: leaves empty non-terminals}
`)
	write("zones/2.0.192.in-addr.arpa.yaml", "'': {type: NS, value: ns1.prod.example.}\n")
	m.open = func() store.Store {
		st, err := embedded.Open(filepath.Join(m.dir, "store.db"), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	if engine == "zookeeper" {
		cfg := zk.DefaultConfig()
		cfg.Servers, cfg.Root = []string{zktest.Shared(t).Addr}, "/"+filepath.Base(filepath.Dir(m.dir))+filepath.Base(m.dir)
		cfg.Log = slog.New(slog.DiscardHandler)
		m.open = func() store.Store {
			st, err := zk.Open(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			return st
		}
	}
	return m
}

// run feeds the events in an order of chance, and gives the base of what came out.
func (m *mill) run(random *rand.Rand, events []string) []byte {
	m.start()
	defer func() { m.stop() }()
	stream := slices.Clone(events)
	for range len(events) / 2 {
		stream = append(stream, events[random.IntN(len(events))])
	}
	random.Shuffle(len(stream), func(i, j int) { stream[i], stream[j] = stream[j], stream[i] })
	for restarts := 0; len(stream) > 0; {
		n := min(1+random.IntN(120), len(stream))
		m.post(stream[:n])
		stream = stream[n:]
		if restarts == 0 || random.IntN(8) == 0 {
			restarts++
			m.stop()
			m.start()
		}
	}
	// What comes last is the same in all orders; where it is released, all before it is.
	m.post([]string{`{"op":"put","kind":"server","id":"last","rev":1,"attrs":{"hostname":"last","ipv4":"192.0.2.201"}}`})
	return m.base()
}

func (m *mill) start() {
	m.t.Helper()
	m.st, m.host = m.open(), service.NewHost("test", "", slog.New(slog.DiscardHandler))
	listener, err := m.host.Listen("127.0.0.1:0")
	if err != nil {
		m.t.Fatal(err)
	}
	key := filepath.Join(m.dir, "key")
	if _, err := publisher.EnsureKey(key); err != nil {
		m.t.Fatal(err)
	}
	rulesConfig, presenterConfig, publisherConfig := rules.DefaultConfig(), presenter.DefaultConfig(), publisher.DefaultConfig()
	rulesConfig.Dir, presenterConfig.Zones = filepath.Join(m.dir, "rules"), filepath.Join(m.dir, "zones")
	publisherConfig.Data, publisherConfig.KeyFile = filepath.Join(m.dir, "publisher"), key
	// Servers come and go at random here: that is not to be held (P1 is about what is not).
	publisherConfig.Gates.DeletedShare, publisherConfig.Gates.ChangedShare, publisherConfig.Gates.TotalShare = 1, 1, 1
	stage1, err1 := rules.New(rulesConfig, m.st, m.host)
	stage2, err2 := presenter.New(presenterConfig, m.st, m.host)
	stage3, err3 := publisher.New(publisherConfig, m.st, m.host)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	api.Mount(m.host, m.st, "stable", zonefile.Locate)
	ctx, cancel := context.WithCancel(context.Background())
	group, _ := service.NewGroup(ctx)
	group.Go("http", func(ctx context.Context) error { return m.host.Serve(ctx, listener) })
	group.Go("rules", stage1.Run)
	group.Go("presenter", stage2.Run)
	group.Go("publisher", stage3.Run)
	m.stop = func() {
		cancel()
		if err := group.Wait(); err != nil {
			m.t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
		m.st.Close()
	}
}

// post sends events until they are taken; none may be refused.
func (m *mill) post(events []string) {
	m.t.Helper()
	eventually(m.t, "events are taken", func() bool {
		status, answer := m.call("/v1/events", strings.Join(events, "\n"))
		if status == http.StatusOK && (strings.Contains(answer, `"refused"`) || strings.Contains(answer, `"held"`)) {
			m.t.Fatal(answer)
		}
		return status == http.StatusOK
	})
}

func (m *mill) call(path, body string) (status int, answer string) {
	m.t.Helper()
	res, err := http.Post(m.host.URL()+path, "application/json", strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// base waits until the last event is released, has the publisher compile a base of all, and gives the file.
func (m *mill) base() []byte {
	m.t.Helper()
	var was uint64
	var path string
	head := func() (h release.Head) {
		node, err := m.st.Get(m.t.Context(), release.HeadPath("stable"))
		if err != nil {
			return h
		}
		public, err := os.ReadFile(filepath.Join(m.dir, "key.pub"))
		if err != nil {
			m.t.Fatal(err)
		}
		if h, err = release.Open(node.Data, []release.VerifyKey{release.VerifyKey(strings.TrimSpace(string(public)))}); err != nil {
			m.t.Fatal(err)
		}
		return h
	}
	order := func() bool {
		was = head().Epoch
		status, _ := m.call("/v1/epoch", `{"reason":"a base of all there is"}`)
		h := head()
		path = filepath.Join(m.dir, "publisher", "bases", fmt.Sprintf("%d.snap", h.Base.Version))
		return status == http.StatusOK && h.Epoch > was && h.Base.Version == h.Version
	}
	eventually(m.t, "a base holds the last event", func() bool {
		if !order() {
			return false
		}
		snap, err := snapshot.Open(path)
		if err != nil {
			m.t.Fatal(err)
		}
		defer snap.Close()
		_, ok := snap.Lookup(parseName(m.t, "last.prod.example."))
		return ok
	})
	made, err := os.ReadFile(path)
	if err != nil {
		m.t.Fatal(err)
	}
	return made
}

func parseName(t testing.TB, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkContent sees to it that the bases show something, and that a base compiled from a base is the same file.
func checkContent(t testing.TB, base []byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "base.snap")
	if err := os.WriteFile(path, base, 0o600); err != nil {
		t.Fatal(err)
	}
	snap, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	if stat := snap.Stat(); stat.Names < 60 || stat.Zones != 2 {
		t.Fatalf("the base holds little: %+v", stat)
	}
	for name, want := range map[string]bool{
		"s00.prod.example.": false, "s01.prod.example.": true, "s02.prod.example.": false, "s03.prod.example.": true,
		"s06.prod.example.": true, "r1.pool.prod.example.": true, "deep.name.prod.example.": true,
	} {
		if _, ok := snap.Lookup(parseName(t, name)); ok != want {
			t.Errorf("%s is in the base: %v, want %v", name, ok, want)
		}
	}
	again := filepath.Join(dir, "again.snap")
	if _, err := snapshot.NewView(snap).Compile(snapshot.Seed{}, again); err != nil {
		t.Fatal(err)
	}
	if text := read(t, again); text != string(base) {
		t.Error("compiled anew, the base is another file")
	}
}
