package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"runtime/debug"
	"syscall"
)

// ErrDamaged says that the file's pages do not make sense: it was changed from outside, or the disk lost something.
var ErrDamaged = errors.New("damaged")

// bbolt's file, by its page.go and meta.go (format version 2): pages of one size, each with a header of 16 octets (id 8,
// flags 2, count 2, overflow 4) and elements; two meta pages, of which the newer valid one tells the root bucket's page
// and how many pages are in use.
const (
	pageHeader = 16
	element    = 16 // of a leaf: flags 4, position 4, key size 4, value size 4; of a branch: position 4, key size 4, page 8
	bucketRoot = 16 // a bucket in a leaf: root page 8 (0: inline, the page follows), sequence 8

	flagBranch = 0x01
	flagLeaf   = 0x02
	flagMeta   = 0x04
	flagBucket = 0x01 // of a leaf's element

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	metaSize    = 64
	maxDepth    = 64 // of the trees: with two keys a page, more pages than 64 bits count
)

var le = binary.LittleEndian

// sound walks all pages in use. bbolt itself believes what it reads, and where it does not, it panics in a goroutine
// of its own, out of reach of any recover. Nobody may write the file meanwhile.
func sound(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Munmap(data) }()
	return guarded(func() error { return soundPages(data) })
}

// guarded makes errors of panics, and of faults: what a failing disk makes of a map.
func guarded(run func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return run()
}

func soundPages(data []byte) error {
	s := pages{data: data}
	root := uint64(0)
	newest := uint64(0)
	for _, size := range []int{os.Getpagesize(), 4096, 8192, 16384, 65536} { // of the machine that made the file
		for i := range 2 {
			if m := metaAt(data, i*size); m != nil && int(le.Uint32(m[8:])) == size && le.Uint64(m[48:]) >= newest {
				newest, root = le.Uint64(m[48:]), le.Uint64(m[16:])
				s.size, s.count = size, le.Uint64(m[40:])
			}
		}
		if s.size > 0 {
			break
		}
	}
	switch {
	case s.size == 0:
		return fmt.Errorf("%w: neither of the two first pages can be read", ErrDamaged)
	case s.count > uint64(len(data)/s.size):
		return fmt.Errorf("%w: %d pages of %d octets in use, the file has %d octets: it was cut", ErrDamaged, s.count, s.size, len(data))
	}
	s.seen = make([]bool, s.count)
	if err := s.tree(root, 0, bounds{}); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// metaAt gives what follows the header of a meta page, if it is one: magic 4, version 4, page size 4, flags 4, root 8,
// sequence 8, freelist 8, pages 8, transaction 8, checksum 8.
func metaAt(data []byte, at int) []byte {
	if at+pageHeader+metaSize > len(data) {
		return nil
	}
	m := data[at+pageHeader:][:metaSize]
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	if le.Uint16(data[at+8:])&flagMeta == 0 || le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != boltVersion || le.Uint64(m[56:]) != sum.Sum64() {
		return nil
	}
	return m
}

type pages struct {
	data  []byte
	size  int
	count uint64 // in use, from the first
	seen  []bool
}

// bounds are the keys that a page may have: from the first on, below the second. Nil is no bound.
type bounds struct{ from, below []byte }

func (b bounds) hold(key []byte) bool {
	return bytes.Compare(key, b.from) >= 0 && (b.below == nil || bytes.Compare(key, b.below) < 0)
}

// tree checks a page and what hangs below it.
func (s *pages) tree(id uint64, depth int, keys bounds) error {
	if id < 2 || id >= s.count || depth > maxDepth {
		return fmt.Errorf("page %d of %d at depth %d", id, s.count, depth)
	}
	page := s.data[id*uint64(s.size):]
	more := uint64(le.Uint32(page[12:]))
	if le.Uint64(page) != id || id+more >= s.count {
		return fmt.Errorf("page %d calls itself %d, with %d more", id, le.Uint64(page), more)
	}
	for i := id; i <= id+more; i++ {
		if s.seen[i] {
			return fmt.Errorf("page %d belongs to two", i)
		}
		s.seen[i] = true
	}
	if err := s.elements(page[:(more+1)*uint64(s.size)], depth, keys); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// elements checks a page's elements: keys in order, nothing outside the page.
func (s *pages) elements(page []byte, depth int, keys bounds) error {
	flags, n := le.Uint16(page[8:]), int(le.Uint16(page[10:]))
	if flags != flagBranch && flags != flagLeaf || pageHeader+n*element > len(page) || flags == flagBranch && n == 0 {
		return fmt.Errorf("flags %#x, %d elements", flags, n)
	}
	key, value, err := elementAt(page, flags, n, 0)
	for i := range n {
		if err != nil {
			return err
		}
		var next, nextValue []byte
		below := keys.below
		if i+1 < n {
			if next, nextValue, err = elementAt(page, flags, n, i+1); err != nil {
				return err
			}
			below = next
		}
		if !keys.hold(key) || i+1 < n && bytes.Compare(key, next) >= 0 {
			return fmt.Errorf("element %d is out of order", i)
		}
		switch e := page[pageHeader+i*element:]; {
		case flags == flagBranch:
			err = s.tree(le.Uint64(e[8:]), depth+1, bounds{key, below})
		case le.Uint32(e)&flagBucket != 0:
			err = s.bucket(value, depth)
		}
		key, value = next, nextValue
	}
	return err
}

// elementAt gives an element's key and, in a leaf, its value.
func elementAt(page []byte, flags uint16, n, i int) (key, value []byte, err error) {
	if n == 0 {
		return nil, nil, nil
	}
	at := pageHeader + i*element
	e := page[at:][:element]
	position, keySize, valueSize := le.Uint32(e[4:]), uint64(le.Uint32(e[8:])), uint64(le.Uint32(e[12:]))
	if flags == flagBranch {
		position, keySize, valueSize = le.Uint32(e), uint64(le.Uint32(e[4:])), 0
	}
	from := uint64(at) + uint64(position)
	if from+keySize+valueSize > uint64(len(page)) || from < uint64(pageHeader+n*element) && keySize+valueSize > 0 {
		return nil, nil, fmt.Errorf("element %d lies outside", i)
	}
	return page[from:][:keySize], page[from+keySize:][:valueSize], nil
}

func (s *pages) bucket(value []byte, depth int) error {
	if len(value) < bucketRoot {
		return fmt.Errorf("a bucket of %d octets", len(value))
	}
	if root := le.Uint64(value); root != 0 {
		return s.tree(root, depth+1, bounds{})
	}
	if len(value) < bucketRoot+pageHeader || depth > maxDepth {
		return fmt.Errorf("an inline bucket of %d octets at depth %d", len(value), depth)
	}
	return s.elements(value[bucketRoot:], depth+1, bounds{})
}
