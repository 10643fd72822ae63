package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"zonecast/internal/zone"
)

// Content is what a Snapshot and a View have in common.
type Content interface {
	Zones() []Zone
	Walk(apex zone.Name) iter.Seq2[Node, error]
}

// Diff gives the delta that makes old into new, read by walking both. It fails if either cannot be read to its end.
func Diff(old, new Content) (*Delta, error) {
	d := &Delta{Zones: diffZones(old.Zones(), new.Zones())}
	err := walkBoth(old, new, func(was, is *Node) {
		switch {
		case is == nil:
			d.Names = append(d.Names, NameChange{Name: was.Name, State: Gone})
		case was != nil && zone.SetsEqual(was.Sets, is.Sets):
		case len(is.Sets) == 0:
			d.Names = append(d.Names, NameChange{Name: is.Name, State: ENT})
		default:
			d.Names = append(d.Names, NameChange{Name: is.Name, State: Data, Sets: is.Sets})
		}
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func diffZones(old, new []Zone) []ZoneChange {
	changes := make(map[zone.Name]ZoneChange)
	for _, z := range old {
		changes[z.Apex] = ZoneChange{Zone: Zone{Apex: z.Apex}, Gone: true}
	}
	for _, z := range new {
		changes[z.Apex] = ZoneChange{Zone: z}
	}
	for _, z := range old {
		if changes[z.Apex].Zone == z && !changes[z.Apex].Gone {
			delete(changes, z.Apex)
		}
	}
	return slices.SortedFunc(maps.Values(changes), func(a, b ZoneChange) int { return a.Apex.Compare(b.Apex) })
}

// walkBoth gives the nodes of both by name, nil where one has none, until either ends with an error.
func walkBoth(old, new Content, give func(was, is *Node)) error {
	was, stopOld := pull(old)
	defer stopOld()
	is, stopNew := pull(new)
	defer stopNew()
	a, err := was()
	if err != nil {
		return fmt.Errorf("old: %w", err)
	}
	b, err := is()
	if err != nil {
		return fmt.Errorf("new: %w", err)
	}
	for a != nil || b != nil {
		order := 0
		switch {
		case b == nil:
			order = -1
		case a == nil:
			order = 1
		default:
			order = a.Name.Compare(b.Name)
		}
		switch {
		case order < 0:
			give(a, nil)
		case order > 0:
			give(nil, b)
		default:
			give(a, b)
		}
		if order <= 0 {
			if a, err = was(); err != nil {
				return fmt.Errorf("old: %w", err)
			}
		}
		if order >= 0 {
			if b, err = is(); err != nil {
				return fmt.Errorf("new: %w", err)
			}
		}
	}
	return nil
}

// pull gives the nodes one at a time; nil after the last.
func pull(c Content) (next func() (*Node, error), stop func()) {
	pulled, stop := iter.Pull2(c.Walk(""))
	return func() (*Node, error) {
		n, err, ok := pulled()
		if !ok || err != nil {
			return nil, err
		}
		return &n, nil
	}, stop
}

// WriteDiff prints what differs as lines of "- " or "+ " and a record in zone-file form, in canonical order of
// names; zones of the table come first, as comments. It returns how many lines it wrote. It holds one node of each at a time, and
// fails, after the differences up to there, if either cannot be read to its end.
func WriteDiff(out io.Writer, old, new Content) (lines int, err error) {
	w := bufio.NewWriter(out)
	line := func(format string, args ...any) {
		lines++
		fmt.Fprintf(w, format+"\n", args...)
	}
	for _, z := range diffZones(old.Zones(), new.Zones()) {
		if z.Gone {
			line("- ; zone %s", z.Apex)
		} else {
			line("+ ; zone %s", z.Describe())
		}
	}
	err = walkBoth(old, new, func(was, is *Node) {
		a, b := recordLines(was), recordLines(is)
		for _, l := range a {
			if !slices.Contains(b, l) {
				line("- %s", l)
			}
		}
		for _, l := range b {
			if !slices.Contains(a, l) {
				line("+ %s", l)
			}
		}
	})
	return lines, errors.Join(err, w.Flush())
}

func recordLines(n *Node) (lines []string) {
	if n == nil {
		return nil
	}
	for _, s := range n.Sets {
		if s.Rotate != zone.RotateNone {
			lines = append(lines, rotation(n.Name, s))
		}
		lines = append(lines, s.Lines(n.Name)...)
	}
	return lines
}

// Describe prints a zone and its facts: "example. serial=release timestamp=on".
func (z Zone) Describe() string {
	serial, timestamp := "release", "off"
	if z.SerialLiteral {
		serial = "literal"
	}
	if z.Timestamp {
		timestamp = "on"
	}
	return fmt.Sprintf("%s serial=%s timestamp=%s", z.Apex, serial, timestamp)
}
