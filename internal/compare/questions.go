package compare

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// probe is a label that nobody has: it asks wildcards, and for what does not exist.
const probe = "zonecast-compare-probe"

// Questions of one zone's content, node by node: every type that is there and one that is not; what a wildcard answers for; a
// name that does not exist, and one below each delegation. Walking that ends with an error ends it with that.
func Questions(z snapshot.Zone, nodes iter.Seq2[snapshot.Node, error]) iter.Seq2[Question, error] {
	return func(yield func(Question, error) bool) {
		for n, err := range nodes {
			if err != nil {
				yield(Question{}, err)
				return
			}
			for _, q := range ofNode(z, n) {
				if !yield(q, nil) {
					return
				}
			}
		}
	}
}

func ofNode(z snapshot.Zone, n snapshot.Node) (list []Question) {
	below, err := n.Name.Child(probe)
	hasBelow := err == nil
	for _, s := range n.Sets {
		list = append(list, Question{n.Name, s.Type})
	}
	list = append(list, Question{n.Name, absent(n)})
	_, servers := zone.FindSet(n.Sets, zone.TypeNS)
	switch {
	case n.Name == z.Apex:
		for _, t := range []zone.Type{zone.TypeSOA, zone.TypeNS} {
			if _, ok := zone.FindSet(n.Sets, t); !ok {
				list = append(list, Question{n.Name, t})
			}
		}
		if hasBelow {
			list = append(list, Question{below, zone.TypeA})
		}
	case servers && hasBelow:
		list = append(list, Question{below, zone.TypeA})
	case n.Name.IsWildcard():
		if match, err := n.Name.Parent().Child(probe); err == nil {
			for _, s := range n.Sets {
				list = append(list, Question{match, s.Type})
			}
		}
	}
	return list
}

// absent gives a type that people ask for and that a node has not.
func absent(n snapshot.Node) zone.Type {
	for _, t := range []zone.Type{zone.TypeA, zone.TypeAAAA, zone.TypeTXT, zone.TypeMX} {
		if _, ok := zone.FindSet(n.Sets, t); !ok {
			return t
		}
	}
	return zone.TypePTR
}

// maxLine and MaxNames bound what is read from outside.
const (
	maxLine  = 64 << 10
	MaxNames = 10_000_000
	// maxRecords is of one transfer: one that never ends names few sets.
	maxRecords = 100_000_000
)

// ReadNames reads questions from lines: of a query log of any server, or names alone. Of each line the first word that is
// a name in one of the zones counts, and the first word after it that is a type (A without one). Lines without such a name
// are passed over; none is given twice.
func ReadNames(r io.Reader, inside func(zone.Name) bool) (list []Question, err error) {
	seen := map[Question]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 4096), maxLine)
	for lines.Scan() {
		q, ok := readLine(lines.Text(), inside)
		if !ok || seen[q] {
			continue
		}
		if len(list) == MaxNames {
			return list, fmt.Errorf("more than %d names", MaxNames)
		}
		seen[q] = true
		list = append(list, q)
	}
	return list, lines.Err()
}

func readLine(line string, inside func(zone.Name) bool) (Question, bool) {
	q, named := Question{Type: zone.TypeA}, false
	for word := range strings.FieldsSeq(line) {
		word = strings.Trim(word, "',;\"():[]")
		if !named {
			n, err := zone.ParseName(strings.TrimSuffix(word, ".") + ".")
			if err == nil && inside(n) {
				q.Name, named = n, true
			}
			continue
		}
		if t, ok := zone.ParseType(word); ok {
			q.Type = t
			break
		}
	}
	return q, named
}
