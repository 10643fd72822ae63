package zonefile

import (
	"crypto/sha256"
	"runtime"
	"sync"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// maxMemo bounds the records that a Memo keeps: some 100 MB.
const maxMemo = 250_000

// Memo remembers what files without any peculiarity declare, so that of a zone in many files only those that changed are
// read again: a plan reads each zone as it is and as it would be. A zero Memo is ready; it is safe for concurrent use.
type Memo struct {
	mu      sync.Mutex
	files   map[memoKey][]Record
	oldest  []memoKey
	records int
}

// memoKey is all that a plain file's records follow from.
type memoKey struct {
	text [sha256.Size]byte
	path string
	apex zone.Name
	ttl  uint32
	us   string        // Options.Target
	zone row.ZoneFacts // as they are when the file is read
}

func (b *builder) memoKey(f checkout.File) memoKey {
	return memoKey{sha256.Sum256(f.Data), f.Path, b.apex, b.opt.DefaultTTL, b.opt.Target, b.facts}
}

// recall takes a file's records as they were read before. It does nothing, and is false, where the file must be read: it
// is not known, or another file of the zone has one of its records, which is a fault with a place.
func (b *builder) recall(k memoKey) bool {
	list := b.opt.Memo.recall(k)
	if list == nil {
		return false
	}
	for _, rec := range list {
		if _, taken := b.seen[key{rec.Owner, rec.Human.Set.Type}]; taken {
			return false
		}
	}
	for _, rec := range list {
		b.take(rec)
	}
	return true
}

// remember keeps what a file declared, if that is records and nothing else: no problem, no setting of the zone, nothing
// from other files, and nothing that depends on the day.
func (b *builder) remember(k memoKey, was mark) {
	list := b.records[was.records:]
	now := b.mark()
	if now.records, now.written = was.records, was.written; now != was || b.joined || len(list) > maxMemo/2 {
		return
	}
	for _, rec := range list {
		if rec.Human.Mode != "" || rec.Human.Expires != 0 || rec.Human.Set.Type == zone.TypeSOA {
			return
		}
	}
	m := b.opt.Memo
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.files[k]; known {
		return
	}
	for len(m.oldest) > 0 && m.records+len(list) > maxMemo {
		m.records -= len(m.files[m.oldest[0]])
		delete(m.files, m.oldest[0])
		m.oldest = m.oldest[1:]
	}
	if m.files == nil {
		m.files = map[memoKey][]Record{}
	}
	m.files[k] = append([]Record{}, list...)
	m.oldest = append(m.oldest, k)
	m.records += len(list)
}

// maxAhead bounds the texts that are read ahead, in octets: what they declare must find room in the memo.
const maxAhead = 8 << 20

// ahead reads the files of a zone that is split into several on all cores, each by itself, so that recall finds those without
// any peculiarity. The others are read again in their turn: what is in force follows from that reading alone.
func (b *builder) ahead(files []checkout.File) {
	total := 0
	for _, f := range files {
		total += len(f.Data)
	}
	if b.opt.Memo == nil || len(files) < 2 || total > maxAhead {
		return
	}
	workers := min(runtime.GOMAXPROCS(0), len(files))
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(files); i += workers {
				if len(b.layout.includes[files[i].Path]) > 0 {
					continue
				}
				alone := &builder{opt: b.opt, apex: b.apex, seen: map[key]int{}, facts: b.facts, layout: b.layout,
					shared: &shared{from: map[*yaml.Node]string{}, roots: map[string]*yaml.Node{}}, blockwise: b.blockwise, blockSize: b.blockSize}
				if k := alone.memoKey(files[i]); b.opt.Memo.recall(k) == nil {
					was := alone.mark()
					alone.fileAnew(files[i])
					alone.remember(k, was)
				}
			}
		})
	}
	wait.Wait()
	known := 0
	for _, f := range files {
		known += len(b.opt.Memo.recall(b.memoKey(f)))
	}
	b.records, b.seen = make([]Record, 0, known+1), make(map[key]int, known+1) // and a SOA
}

// recall gives what is known of a file; nil for nothing.
func (m *Memo) recall(k memoKey) []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[k]
}
