// Package write prints records as zone files in YAML: what presenter/zonefile reads back as the same RRsets, octet for octet.
//
// The style is the canonical one, which `zonecast fmt` keeps to: block style with an indentation of two spaces; names in
// natural order (host2 before host10) with the zone itself first, and keys in alphabetical order, both as octoDNS asks it of its
// users; the records of a name in the order of their types' names, values in canonical order (RFC 4034 6.3); quotes, single
// ones, where some reader of YAML needs them and nowhere else.
package write

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"zonecast/internal/zone"
)

// Options of Write.
type Options struct {
	// TTL is what a reader takes for records without a ttl, in seconds: they are written without. 0 writes every ttl.
	TTL uint32
	// OctoDNS leaves out what octoDNS does not know: the SOA, and what stands under zonecast:. Other types than OctoDNS names
	// are an error.
	OctoDNS bool
}

// Write prints the zone's records, in natural order of their names, whatever the order they come in; a name may come more than once with other
// types. An error of w comes back, and what no zone file can say: a name outside the zone, data that are not those of their type, times of a
// SOA beyond zone.MaxTTL.
func Write(w io.Writer, apex zone.Name, names iter.Seq2[zone.Name, []zone.RRset], opt Options) error {
	all, err := sorted(apex, names, opt)
	if err != nil {
		return err
	}
	e := &emitter{w: bufio.NewWriterSize(w, 64<<10)}
	if len(all) == 0 {
		e.put("{}\n")
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].text == all[0].text {
			n++
		}
		if err := e.name(all[:n], opt); err != nil {
			return err
		}
		all = all[n:]
	}
	return e.w.Flush()
}

// entry is one record of a file: an RRset with its name as it is written.
type entry struct {
	text string // relative to the apex
	set  zone.RRset
}

func sorted(apex zone.Name, names iter.Seq2[zone.Name, []zone.RRset], opt Options) ([]entry, error) {
	var all []entry
	for owner, sets := range names {
		text, err := Relative(owner, apex)
		if err != nil {
			return nil, err
		}
		for _, s := range sets {
			if opt.OctoDNS && s.Type == zone.TypeSOA {
				continue
			}
			all = append(all, entry{text, s})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(Natural(a.text, b.text), cmp.Compare(a.set.Type.String(), b.set.Type.String()))
	})
	return all, nil
}

// Relative gives an owner name as a zone file has it: without the apex, "" for the apex itself.
func Relative(owner, apex zone.Name) (string, error) {
	if !owner.Under(apex) {
		return "", fmt.Errorf("%s is not in the zone %s", owner, apex)
	}
	if owner == apex {
		return "", nil
	}
	text := strings.TrimSuffix((owner[:len(owner)-len(apex)] + zone.Root).String(), ".")
	return strings.ReplaceAll(text, `\ `, `\032`), nil // whoever reads a name takes a blank for a slip
}

// name prints the records of one name.
func (e *emitter) name(list []entry, opt Options) error {
	e.put(Quote(list[0].text) + ":\n")
	for _, r := range list {
		fields, err := record(r.set, opt)
		if err != nil {
			return fmt.Errorf("%s %s: %w", cmp.Or(r.text, "''"), r.set.Type, err)
		}
		if len(list) == 1 {
			e.mapping(fields, 2, false)
			continue
		}
		e.put("  - ")
		e.mapping(fields, 4, true)
	}
	return e.err()
}

// record makes the keys of a record, in order.
func record(s zone.RRset, opt Options) ([]field, error) {
	if opt.OctoDNS && !OctoDNS(s.Type) {
		return nil, fmt.Errorf("octoDNS has no type %s", s.Type)
	}
	var list []node
	for _, d := range s.Data {
		n, err := value(s.Type, d, opt)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	var fields []field
	if opt.TTL == 0 || s.TTL != opt.TTL {
		fields = append(fields, field{"ttl", number(s.TTL)})
	}
	fields = append(fields, field{"type", text(s.Type.String())})
	switch len(list) {
	case 0:
		return nil, fmt.Errorf("no data")
	case 1:
		fields = append(fields, field{"value", list[0]})
	default:
		fields = append(fields, field{"values", node{list: list}})
	}
	if s.Rotate != zone.RotateNone && !opt.OctoDNS {
		fields = append(fields, field{"zonecast", node{fields: []field{{"rotate", text(s.Rotate.String())}}}})
	}
	return fields, nil
}
