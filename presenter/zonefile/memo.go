package zonefile

import (
	"crypto/sha256"
	"sync"

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
	m := b.opt.Memo
	m.mu.Lock()
	list, known := m.files[k]
	m.mu.Unlock()
	if !known {
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
	m.files[k] = append([]Record(nil), list...)
	m.oldest = append(m.oldest, k)
	m.records += len(list)
}
