package snapshot

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"slices"
)

// ErrOutside is a name under no zone of the file.
var ErrOutside = errors.New("name is under no zone")

// ErrTwice is a name added twice, or out of order.
var ErrTwice = errors.New("name added twice")

// writer writes a file from nodes in canonical order, and works out the empty non-terminals: what stands
// between a name with records and the outermost zone's apex above it. Its memory does not grow with the nodes but by the
// suffixes and a bit for each: the index is made from the nodes as they stand in the file.
type writer struct {
	out  target
	seed Seed
	sum  hash.Hash // of the content, if the seed is to follow from it; else nil

	t       trailer
	at      uint64 // written so far, in the file, with what waits in block
	block   []byte // waits to be written
	current int    // section being written
	nodes   uint64 // size so far of the section

	zones    []zoneEntry
	zoneKeys [][]byte
	apexes   map[string]struct{} // keys
	open     []int               // zones that the last node is under
	reached  int                 // zones before this one have begun

	top      []byte // key of the outermost apex above the last node
	last     []byte // key of the last node; nil before the first
	above    []ancestor
	suffixes []byte
	hidden   bitmap // of the nodes
	wire     []byte
}

// readBlock is what is read back at a time.
const readBlock = 256 << 10

// ancestor is a node above the next one, or the node just written.
type ancestor struct {
	size     int    // of its key
	children int    // so far
	suffix   uint64 // where its name stands among the suffixes; 0 is nowhere yet
	depth    int    // size of its name in wire form
	hides    bool   // a zone cut or a DNAME, at it or above it in its zone, hides what is below
}

// newWriter starts a file; the zero seed stands for one that follows from the content.
func newWriter(out target, seed Seed, zones []Zone) (*writer, error) {
	w := &writer{out: out, seed: seed, apexes: make(map[string]struct{}, len(zones)), suffixes: []byte{0}}
	if seed == (Seed{}) {
		w.sum = newContentSum()
	}
	zones = slices.SortedFunc(slices.Values(zones), func(a, b Zone) int { return a.Apex.Compare(b.Apex) })
	for _, z := range zones {
		key := appendKey(nil, z.Apex)
		if _, twice := w.apexes[string(key)]; twice {
			return nil, fmt.Errorf("zone %s: %w", z.Apex, ErrTwice)
		}
		w.apexes[string(key)] = struct{}{}
		w.zones = append(w.zones, zoneEntry{Zone: z})
		w.zoneKeys = append(w.zoneKeys, key)
	}
	header := make([]byte, headerSize) // until the seed is known
	if w.sum == nil {
		header = appendHeader(nil, seed)
	}
	w.at = headerSize
	w.t.sections[secNodes].off = w.at
	_, err := w.out.Write(header)
	return w, err
}

// add writes a node with records and the empty non-terminals above it. Keys must ascend.
func (w *writer) add(key, body []byte) error {
	common := -1
	if w.last != nil {
		common = commonPrefix(w.last, key)
		if common == len(key) || common < len(w.last) && w.last[common] > key[common] {
			return fmt.Errorf("%s: %w", nameOfKey(key), ErrTwice)
		}
	}
	if w.last == nil || !bytes.HasPrefix(key, w.top) {
		if w.top = w.outermost(key); w.top == nil {
			return fmt.Errorf("%s: %w", nameOfKey(key), ErrOutside)
		}
	}
	for raw, rest, ok := nextRaw(Ref{body}.sets()); ; raw, rest, ok = nextRaw(rest) {
		if !ok {
			return fmt.Errorf("%s: %w: broken set", nameOfKey(key), ErrCorrupt)
		}
		w.t.sets++
		w.t.records += uint64(raw.Count)
		if len(rest) == 0 {
			break
		}
	}
	for end := len(w.top); end < len(key); end += bytes.IndexByte(key[end:], 0) + 1 {
		if end > common {
			if err := w.emit(key[:end], nil, common); err != nil {
				return err
			}
			common = end
		}
	}
	w.t.names++
	return w.emit(key, body, common)
}

// outermost gives the key of the topmost apex at or above key, or nil.
func (w *writer) outermost(key []byte) []byte {
	for end := 0; ; end += bytes.IndexByte(key[end:], 0) + 1 {
		if _, ok := w.apexes[string(key[:end])]; ok {
			return append([]byte{}, key[:end]...)
		}
		if end == len(key) {
			return nil
		}
	}
}

// emit writes a node; common is how much of its key it shares with the last node's.
func (w *writer) emit(key, body []byte, common int) error {
	if len(body) == 0 {
		w.t.empty++
	}
	for len(w.above) > 0 && w.above[len(w.above)-1].size > common {
		w.above = w.above[:len(w.above)-1]
	}
	w.ranges(key)
	w.wire = appendWire(w.wire[:0], key, 0)
	suffix, depth := w.suffix()
	if w.nodes > maxOffset {
		return errors.New("snapshot: more than 512 GiB of nodes")
	}
	hidden, hides := w.hiding(key, Ref{body})
	w.hidden.append(hidden)
	before := len(w.block)
	w.block = appendNode(w.block, suffix, w.wire[:len(w.wire)-depth], body)
	w.nodes += uint64(len(w.block) - before)
	w.above = append(w.above, ancestor{size: len(key), depth: len(w.wire), hides: hides})
	w.last = append(w.last[:0], key...)
	if w.last == nil {
		w.last = []byte{} // the root's key is empty, and is a key
	}
	// Whole large pages at a time: file systems that can (ext4, XFS) keep a file in the pages it was written in, and a
	// lookup in a mapping of large pages waits for half as much.
	if end := (w.at + uint64(len(w.block))) &^ (largePage - 1); end > w.at {
		return w.flush(int(end - w.at))
	}
	return nil
}

// hiding tells whether the next node is hidden in its zone, and whether it hides what comes below it. An apex
// begins anew.
func (w *writer) hiding(key []byte, node Ref) (hidden, hides bool) {
	hidden = len(w.above) > 0 && w.above[len(w.above)-1].hides
	if !hidden && !node.hides(false) {
		return false, false
	}
	if _, apex := w.apexes[string(key)]; apex {
		return false, node.hides(true)
	}
	return hidden, true
}

// suffix chooses what the node in w.wire shares with others: the name of its parent from the second child on, so
// that long chains of single children, as under ip6.arpa, do not each store their name for one user.
func (w *writer) suffix() (ref uint64, depth int) {
	if len(w.above) == 0 {
		return 0, 0
	}
	parent := &w.above[len(w.above)-1]
	if parent.children++; parent.children == 2 {
		parent.suffix = uint64(len(w.suffixes))
		w.suffixes = append(w.suffixes, byte(parent.depth))
		w.suffixes = append(w.suffixes, w.wire[len(w.wire)-parent.depth:]...)
	}
	for i := len(w.above) - 1; i >= 0; i-- {
		if a := w.above[i]; a.suffix != 0 {
			return a.suffix, a.depth
		}
	}
	return 0, 0
}

// ranges notes where zones begin and end, as the node with this key comes at w.nodes.
func (w *writer) ranges(key []byte) {
	for len(w.open) > 0 && !bytes.HasPrefix(key, w.zoneKeys[w.open[len(w.open)-1]]) {
		w.zones[w.open[len(w.open)-1]].end = w.nodes
		w.open = w.open[:len(w.open)-1]
	}
	for ; w.reached < len(w.zones) && bytes.Compare(w.zoneKeys[w.reached], key) <= 0; w.reached++ {
		z := &w.zones[w.reached]
		z.start, z.end = w.nodes, w.nodes
		if bytes.HasPrefix(key, w.zoneKeys[w.reached]) {
			w.open = append(w.open, w.reached)
		}
	}
}

// flush writes the first octets of what waits, a part of the current section.
func (w *writer) flush(size int) error {
	b, s := w.block[:size], &w.t.sections[w.current]
	s.crc = crc32.Update(s.crc, crcTable, b)
	s.size += uint64(size)
	w.at += uint64(size)
	if w.sum != nil && w.current != secIndex {
		w.sum.Write(b)
	}
	_, err := w.out.Write(b)
	w.block = w.block[:copy(w.block, w.block[size:])]
	return err
}

// section writes a whole section.
func (w *writer) section(sec int, octets []byte) error {
	w.current, w.block = sec, octets
	w.t.sections[sec].off = w.at
	return w.flush(len(octets))
}

// finish writes what follows the nodes and gives the file's summary.
func (w *writer) finish() (Stat, error) {
	for _, i := range w.open {
		w.zones[i].end = w.nodes
	}
	for ; w.reached < len(w.zones); w.reached++ {
		w.zones[w.reached].start, w.zones[w.reached].end = w.nodes, w.nodes
	}
	w.t.zones = uint64(len(w.zones))
	err := w.flush(len(w.block))
	err = errors.Join(err, w.section(secSuffixes, slices.Clone(w.suffixes)), w.section(secZones, appendZones(nil, w.zones)))
	pad := make([]byte, alignUp(w.at)-w.at)
	w.at += uint64(len(pad))
	_, perr := w.out.Write(pad)
	err = errors.Join(err, perr)
	if w.sum != nil {
		w.seed = contentSeed(w.sum)
		_, herr := w.out.WriteAt(appendHeader(nil, w.seed), 0)
		err = errors.Join(err, herr)
	}
	if err != nil {
		return Stat{}, err
	}
	index, sum, err := w.readBack()
	if err != nil {
		return Stat{}, err
	}
	w.t.buckets = uint64(len(index) / bucketSize)
	sum.Write(index)
	err = w.section(secIndex, index)
	w.t.size = w.at + trailerSize
	last := w.t.append(nil)
	sum.Write(last)
	_, terr := w.out.Write(last)
	if err := errors.Join(err, terr); err != nil {
		return Stat{}, err
	}
	return w.t.stat(hex.EncodeToString(sum.Sum(nil))), nil
}
