package table

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zonecast/internal/store"
)

// machine drives two tables of one stage against plain maps.
type machine struct {
	st        *faultStore
	names     [2]string
	opt       Options
	w         [2]*Writer
	zombies   [][2]*Writer
	model     [2]map[string]string
	states    [2]map[Position]map[string]string // every closed state there has been
	followers [2][]*Follower
}

var machines atomic.Int64 // numbers tables, so that runs on one store do not meet

func newMachine(t *rapid.T, st store.Store, ambiguous []float64) *machine {
	n := machines.Add(1)
	seed := rapid.Uint64().Draw(t, "faults")
	m := &machine{
		st: &faultStore{
			Store: st, rand: rand.New(rand.NewPCG(seed, 0)),
			ambiguous: rapid.SampledFrom(ambiguous).Draw(t, "ambiguous"),
			late:      0.3,
			deaf:      0.7,
		},
		names: [2]string{fmt.Sprintf("t%d.a", n), fmt.Sprintf("t%d.b", n)},
		opt:   small,
	}
	m.opt.Shards = rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "shards")
	m.opt.KeepLog = rapid.IntRange(1, 6).Draw(t, "log")
	for i := range m.names {
		m.model[i] = map[string]string{}
		m.states[i] = map[Position]map[string]string{}
	}
	m.takeOver(t)
	return m
}

// takeOver opens new writers; the tables must hold what the model says.
func (m *machine) takeOver(t *rapid.T) {
	for i, name := range m.names {
		w, err := OpenWriter(context.Background(), m.st, name, m.opt)
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(w.All()); !maps.Equal(got, m.model[i]) {
			t.Fatalf("table %s after a takeover: %d rows, want %d", name, len(got), len(m.model[i]))
		}
		m.w[i] = w
	}
	m.record()
}

func (m *machine) record() {
	for i, w := range m.w {
		m.states[i][w.Head().Position()] = maps.Clone(m.model[i])
	}
}

func (m *machine) value(t *rapid.T) []byte {
	v := make([]byte, rapid.SampledFrom([]int{0, 1, 30, 500}).Draw(t, "size"))
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "value"), 0))
	for i := range v {
		v[i] = byte(r.Uint32())
	}
	return v
}

// draw makes transactions of one or two of the writers and what the models are to be after them.
func (m *machine) draw(t *rapid.T, w [2]*Writer) (txs []*Tx, next [2]map[string]string) {
	which := rapid.IntRange(0, 2).Draw(t, "tables")
	for i := range m.names {
		next[i] = maps.Clone(m.model[i])
		if which != 2 && which != i {
			continue
		}
		tx := w[i].Begin()
		for range rapid.SampledFrom([]int{0, 1, 5, 40}).Draw(t, "changes") {
			k := fmt.Sprintf("key%d", rapid.IntRange(0, 60).Draw(t, "key"))
			if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
				tx.Delete(k)
				delete(next[i], k)
				continue
			}
			v := m.value(t)
			tx.Put(k, v)
			next[i][k] = string(v)
		}
		tx.SetAsOf(time.Unix(rapid.Int64Range(1, 1e9).Draw(t, "as-of"), 0))
		txs = append(txs, tx)
	}
	return txs, next
}

func (m *machine) commit(t *rapid.T) {
	txs, next := m.draw(t, m.w)
	for _, tx := range txs {
		changed := !maps.Equal(rows(tx.w.All()), next[m.index(tx.w)])
		if tx.Changed() != changed {
			t.Fatalf("Changed() = %v", !changed)
		}
	}
	if err := Commit(context.Background(), txs...); err != nil {
		t.Fatal(err)
	}
	m.model = next
	m.record()
}

func (m *machine) index(w *Writer) int {
	if w.name == m.names[0] {
		return 0
	}
	return 1
}

// crash dies within a commit; a new writer finds each row as it was or as it was to be.
func (m *machine) crash(t *rapid.T) {
	m.st.mu.Lock()
	m.st.crashAfter = rapid.IntRange(1, 4).Draw(t, "multis")
	m.st.mu.Unlock()
	txs, next := m.draw(t, m.w)
	err := Commit(context.Background(), txs...)
	m.st.mu.Lock()
	m.st.crashAfter = 0
	m.st.mu.Unlock()
	if err == nil {
		m.model = next
		m.record()
		return
	}
	if !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	for i, name := range m.names {
		w, err := OpenWriter(context.Background(), m.st, name, m.opt)
		if err != nil {
			t.Fatal(err)
		}
		got := rows(w.All())
		for _, k := range append(keys(got), keys(m.model[i])...) {
			v, ok := got[k]
			was, wasOK := m.model[i][k]
			will, willOK := next[i][k]
			if (v != was || ok != wasOK) && (v != will || ok != willOK) {
				t.Fatalf("table %s, %s: neither the old value nor the new one", name, k)
			}
		}
		if w.Head().Open {
			if err := Commit(context.Background(), w.Begin()); err != nil {
				t.Fatal(err)
			}
		}
		m.w[i], m.model[i] = w, got
	}
	m.record()
}

func keys(m map[string]string) (ks []string) {
	for k := range m {
		ks = append(ks, k)
	}
	return ks
}

func (m *machine) fence(t *rapid.T) {
	m.zombies = append(m.zombies, m.w)
	m.takeOver(t)
	z := m.zombies[rapid.IntRange(0, len(m.zombies)-1).Draw(t, "zombie")]
	txs, _ := m.draw(t, z)
	if err := Commit(context.Background(), txs...); !errors.Is(err, ErrFenced) {
		t.Fatalf("a fenced writer's commit: %v", err)
	}
}

func (m *machine) follow(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "table")
	m.followers[i] = append(m.followers[i], Follow(m.st, m.names[i]))
	if rapid.Bool().Draw(t, "at once") {
		m.next(t, i, m.followers[i][len(m.followers[i])-1])
	}
}

// next brings a follower to the newest head, and checks what it shows and what it says has changed.
func (m *machine) next(t *rapid.T, i int, f *Follower) {
	if f.img != nil && f.head.Commit == m.w[i].head.Commit {
		return
	}
	before := rows(f.All())
	b, err := f.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := rows(f.All())
	if !maps.Equal(got, m.states[i][b.Head.Position()]) || b.Head.Open {
		t.Fatalf("follower of %s at %+v shows no closed state", m.names[i], b.Head)
	}
	if !b.Reset {
		for _, c := range b.Changes {
			if before[c.Key] = string(c.Value); c.Value == nil {
				delete(before, c.Key)
			}
		}
		if !maps.Equal(before, got) {
			t.Fatalf("follower of %s: the changes do not lead to the rows", m.names[i])
		}
	}
}

func (m *machine) step(t *rapid.T) {
	for i, fs := range m.followers {
		if len(fs) > 0 {
			m.next(t, i, fs[rapid.IntRange(0, len(fs)-1).Draw(t, "follower")])
		}
	}
}

// check compares everything with the maps.
func (m *machine) check(t *rapid.T) {
	for i, name := range m.names {
		if got := rows(m.w[i].All()); !maps.Equal(got, m.model[i]) {
			t.Fatalf("writer of %s: %d rows, want %d", name, len(got), len(m.model[i]))
		}
		h := m.w[i].Head()
		if h.Rows != int64(len(m.model[i])) || h.Bytes != m.w[i].img.bytes {
			t.Fatalf("head of %s: %+v, want %d rows", name, h, len(m.model[i]))
		}
	}
}

func (m *machine) finish(t *rapid.T) {
	for i, name := range m.names {
		v, err := Read(context.Background(), m.st, name)
		if err != nil || !maps.Equal(rows(v.All()), m.model[i]) {
			t.Fatalf("%s read: %v", name, err)
		}
		for _, f := range m.followers[i] {
			m.next(t, i, f)
			if !maps.Equal(rows(f.All()), m.model[i]) {
				t.Fatalf("a follower of %s did not converge", name)
			}
		}
		if counts, _ := m.st.Children(context.Background(), shardsFolder(name)); len(counts) > 2 {
			t.Fatalf("shards of many counts: %v", counts)
		}
		logs, _ := children(context.Background(), m.st, logFolder(name))
		if len(logs) > m.opt.KeepLog+64 {
			t.Fatalf("%d log entries", len(logs))
		}
	}
}

// property runs the machine, at most so many times.
func property(t *testing.T, st store.Store, times int, ambiguous ...float64) {
	rapid.Check(t, func(t *rapid.T) {
		if times--; times < 0 {
			return
		}
		m := newMachine(t, st, ambiguous)
		t.Cleanup(func() {
			for _, f := range append(m.followers[0], m.followers[1]...) {
				f.Close()
			}
		})
		t.Repeat(map[string]func(*rapid.T){
			"commit": m.commit,
			"crash":  m.crash,
			"fence":  m.fence,
			"follow": m.follow,
			"next":   m.step,
			"":       m.check,
		})
		m.finish(t)
	})
}

func TestPropertyInMemory(t *testing.T) {
	t.Parallel()
	property(t, newFake(), 1000, 0, 0.1, 0.5)
}
