package snapshot

import (
	"bytes"
	"fmt"
	"iter"
	"runtime/debug"

	"zonecast/internal/zone"
)

// scan gives the nodes at and below the apex with this key, in canonical order, as key and body, which are valid
// until yield returns. It fails with ErrCorrupt rather than leave out what it cannot read; a scan of everything (an
// empty key) holds the file to its counts, and that of a zone to where the zone table says it ends.
func (s *Snapshot) scan(apex []byte, yield func(key, body []byte) bool) error {
	// An iterator that is pulled runs in a coroutine, which has nothing of its puller's Guard but hands panics to it.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var buf [2 * zone.MaxName]byte
	var keys [2][maxKey]byte
	var last []byte
	var names, empty uint64
	for at, turn := s.seek(apex), 0; at < uint64(len(s.nodes)); turn ^= 1 {
		n, ok := s.nodeAt(at)
		if !ok {
			return fmt.Errorf("%w: node at %d", ErrCorrupt, at)
		}
		wire, err := n.name(buf[:])
		if err != nil {
			return err
		}
		key := appendKey(keys[turn][:0], wire)
		if last != nil && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("%w: nodes out of order at %d", ErrCorrupt, at)
		}
		if !bytes.HasPrefix(key, apex) {
			return s.endsAt(apex, at)
		}
		if !yield(key, n.body) {
			return nil
		}
		if last, at = key, n.next; len(n.body) > 0 {
			names++
		} else {
			empty++
		}
	}
	if len(apex) == 0 && (names != s.counts.names || empty != s.counts.empty) {
		return fmt.Errorf("%w: %d names and %d empty ones, not %d and %d", ErrCorrupt, names, empty, s.counts.names, s.counts.empty)
	}
	return s.endsAt(apex, uint64(len(s.nodes)))
}

// endsAt holds the end of a scan to the zone table. Octets that change under the mapping may turn a length in the middle of a
// zone so that what follows looks like another one's.
func (s *Snapshot) endsAt(apex []byte, at uint64) error {
	if len(apex) == 0 {
		return nil
	}
	name := nameOfKey(apex)
	if i, ok := s.zones.at(name); ok && s.ranges[i].start < s.ranges[i].end && s.ranges[i].end != at {
		return fmt.Errorf("%w: zone %s ends at %d, not at %d", ErrCorrupt, name, at, s.ranges[i].end)
	}
	return nil
}

// seek gives where the nodes at and below the apex begin, or the end of the section. A name below a zone's apex
// is a node if anything stands below it; above all zones, the first zone below it begins the range.
func (s *Snapshot) seek(apex []byte) uint64 {
	if len(s.nodes) == 0 || len(apex) == 0 {
		return 0
	}
	name := nameOfKey(apex)
	if _, at, ok := s.findAt(s.hash.sum([]byte(name)), []byte(name)); ok {
		return at
	}
	for at, _ := s.zones.place(name); at < len(s.ranges) && s.zones.list[at].Apex.Under(name); at++ {
		if in := s.ranges[at]; in.start < in.end {
			return in.start
		}
	}
	return uint64(len(s.nodes))
}

// Lookup finds a node; ok with no Sets is an empty non-terminal.
func (s *Snapshot) Lookup(n zone.Name) (Node, bool) {
	ref, ok := s.Find([]byte(n))
	return ref.node(n), ok
}

// node decodes; what cannot be decoded is left out (Fsck tells).
func (r Ref) node(n zone.Name) Node {
	node := Node{Name: n}
	for raw := range r.Sets() {
		if set, err := raw.decode(); err == nil {
			node.Sets = append(node.Sets, set)
		}
	}
	return node
}

// Walk gives the nodes of one zone in canonical order (all zones with apex ""), empty non-terminals too; see View.Walk.
func (s *Snapshot) Walk(apex zone.Name) iter.Seq2[Node, error] { return NewView(s).Walk(apex) }
