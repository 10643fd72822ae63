package snapshot

import (
	"bytes"
	"runtime"
	"slices"
	"unsafe"
)

// scan is Snapshot.scan with the deltas merged in.
func (v *View) scan(apex []byte, yield func(key, body []byte) bool) error {
	defer runtime.KeepAlive(v)
	over := v.sorted(apex)
	defer over.free()
	rest, going := over.items, true
	give := func() bool {
		r := v.over.record(rest[0].place)
		key := over.key(rest[0])
		rest = rest[1:]
		return r.state() == Gone || yield(key, r.body())
	}
	err := v.base.scan(apex, func(key, body []byte) bool {
		order := 1
		for going && len(rest) > 0 {
			if order = bytes.Compare(over.key(rest[0]), key); order > 0 {
				break
			}
			if going = give(); order == 0 {
				return going
			}
		}
		going = going && yield(key, body)
		return going
	})
	for going && err == nil && len(rest) > 0 {
		going = give()
	}
	return err
}

// sorted are the names of an overlay with their keys, off the heap like the overlay: a million of them would else
// be most of a proxy's memory while it makes its next base.
type sorted struct {
	keys  []byte
	items []item
	free  func()
}

// item is a key and the place of its record.
type item struct{ from, to, place uint64 }

const itemSize = 24

func (s *sorted) key(i item) []byte { return s.keys[i.from:i.to:i.to] }

// sorted lists what the deltas changed at and below an apex, by key.
func (v *View) sorted(apex []byte) sorted {
	if v.over == nil {
		return sorted{free: func() {}}
	}
	// A key is at most twice as long as the name, which is part of a record.
	words, free := offHeap(itemSize*v.overlaid + 2*v.live)
	list := sorted{keys: asOctets(words[itemSize/8*v.overlaid:])[:0], free: free}
	list.items = unsafe.Slice((*item)(unsafe.Pointer(unsafe.SliceData(words))), v.overlaid)[:0]
	v.over.all(&v.at, func(place uint64, r record) bool {
		from := len(list.keys)
		list.keys = appendKey(list.keys, r.name())
		if bytes.HasPrefix(list.keys[from:], apex) {
			list.items = append(list.items, item{uint64(from), uint64(len(list.keys)), place})
		} else {
			list.keys = list.keys[:from]
		}
		return true
	})
	slices.SortFunc(list.items, func(a, b item) int { return bytes.Compare(list.key(a), list.key(b)) })
	return list
}
