package export

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// yamlName of a zone: whoever loads the folder takes the zone's name from it.
func yamlName(apex zone.Name) (string, error) {
	text := apex.String()
	if apex == zone.Root || strings.ContainsAny(text, "/\\") {
		return "", fmt.Errorf("zone %s: no file of a zones folder can have its name; choose others with --zone", apex)
	}
	return text + "yaml", nil
}

// yaml writes one zone. What the format has no word for is found set by set, and left out.
func (j Job) yaml(w io.Writer, c snapshot.Content, z snapshot.Zone) (lost Losses, err error) {
	octo := j.Format == OctoDNS
	if octo {
		lost.add(Settings, z.Apex) // the SOA is the provider's there
	} else if z.SerialLiteral || !z.Timestamp {
		lost.add(Settings, z.Apex)
	}
	var broken error
	err = j.YAML(w, z.Apex, func(yield func(zone.Name, []zone.RRset) bool) {
		for n, err := range c.Walk(z.Apex) {
			if err != nil {
				broken = err
				return
			}
			if kept := j.sayable(z, n, octo, &lost); len(kept) > 0 && !yield(n.Name, kept) {
				return
			}
		}
	}, octo)
	if broken != nil {
		err = broken
	}
	if err != nil {
		return lost, fmt.Errorf("zone %s: %w", z.Apex, err)
	}
	return lost, nil
}

// sayable gives those sets of a node that the format has a word for.
func (j Job) sayable(z snapshot.Zone, n snapshot.Node, octo bool, lost *Losses) (kept []zone.RRset) {
	for _, s := range n.Sets {
		if octo && s.Type == zone.TypeSOA {
			continue
		}
		var one iter.Seq2[zone.Name, []zone.RRset] = func(yield func(zone.Name, []zone.RRset) bool) { yield(n.Name, []zone.RRset{s}) }
		if j.YAML(io.Discard, z.Apex, one, octo) != nil {
			lost.add(NoWord, n.Name)
			continue
		}
		if octo && s.Rotate != zone.RotateNone {
			lost.add(Rotation, n.Name)
		}
		kept = append(kept, s)
	}
	return kept
}
