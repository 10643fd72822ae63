package snapshot

import (
	"bufio"
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
	Walk(apex zone.Name) iter.Seq[Node]
}

// Diff gives the delta that makes old into new, read by walking both.
func Diff(old, new Content) *Delta {
	d := &Delta{Zones: diffZones(old.Zones(), new.Zones())}
	walkBoth(old, new, func(was, is *Node) {
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
	return d
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

// walkBoth gives the nodes of both by name, nil where one has none.
func walkBoth(old, new Content, give func(was, is *Node)) {
	nextOld, stopOld := iter.Pull(old.Walk(""))
	defer stopOld()
	nextNew, stopNew := iter.Pull(new.Walk(""))
	defer stopNew()
	was, hasOld := nextOld()
	is, hasNew := nextNew()
	for hasOld || hasNew {
		order := 0
		switch {
		case !hasNew:
			order = -1
		case !hasOld:
			order = 1
		default:
			order = was.Name.Compare(is.Name)
		}
		var a, b *Node
		if order <= 0 {
			a = &Node{was.Name, was.Sets}
			was, hasOld = nextOld()
		}
		if order >= 0 {
			b = &Node{is.Name, is.Sets}
			is, hasNew = nextNew()
		}
		give(a, b)
	}
}

// WriteDiff prints what differs as lines of "- " or "+ " and a record in zone-file form, in canonical order of
// names; zones of the table come first, as comments. It returns how many lines it wrote.
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
			line("+ ; zone %s", z.describe())
		}
	}
	walkBoth(old, new, func(was, is *Node) {
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
	return lines, w.Flush()
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

// describe prints a zone and its facts: "example. serial=release timestamp=on".
func (z Zone) describe() string {
	serial, timestamp := "release", "off"
	if z.SerialLiteral {
		serial = "literal"
	}
	if z.Timestamp {
		timestamp = "on"
	}
	return fmt.Sprintf("%s serial=%s timestamp=%s", z.Apex, serial, timestamp)
}
