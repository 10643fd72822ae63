package importer

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"zonecast/internal/zone"
)

// Place is where something stands in what was read.
type Place struct {
	File string
	Line int // from 1; 0 for a zone transfer
}

// Zone is one zone that was read.
type Zone struct {
	Apex   zone.Name
	Serial uint32 // of its SOA
	sets   map[zone.Name][]zone.RRset
	places map[key]Place
}

type key struct {
	owner zone.Name
	typ   zone.Type
}

// All gives the names in canonical order, each with its RRsets sorted by type.
func (z *Zone) All() iter.Seq2[zone.Name, []zone.RRset] {
	return func(yield func(zone.Name, []zone.RRset) bool) {
		for _, owner := range slices.SortedFunc(maps.Keys(z.sets), zone.Name.Compare) {
			if !yield(owner, z.sets[owner]) {
				return
			}
		}
	}
}

// Sets gives the RRsets at a name.
func (z *Zone) Sets(owner zone.Name) []zone.RRset { return z.sets[owner] }

// Place gives where an RRset began.
func (z *Zone) Place(owner zone.Name, t zone.Type) Place { return z.places[key{owner, t}] }

// Drop takes an RRset out.
func (z *Zone) Drop(owner zone.Name, t zone.Type) {
	z.sets[owner] = slices.DeleteFunc(z.sets[owner], func(s zone.RRset) bool { return s.Type == t })
	if len(z.sets[owner]) == 0 {
		delete(z.sets, owner)
	}
}

// Names and Records count.
func (z *Zone) Names() int { return len(z.sets) }

// Records counts the records of all names.
func (z *Zone) Records() (n int) {
	for _, sets := range z.sets {
		for _, s := range sets {
			n += len(s.Data)
		}
	}
	return n
}

// MaxRecords bounds one import (P9): twice what a fleet's whole inventory was ever measured with.
const MaxRecords = 20_000_000

// Reading collects records in the order that they are read.
type Reading struct {
	Problems []zone.Problem
	Progress func(records int) // told of every thousandth; may be nil
	zones    map[zone.Name]*Zone
	current  map[zone.Name]*Zone // those whose SOA stands in what is being read
	waiting  []record            // whose zone's SOA has not been read
	records  int
	skipped  map[key]bool
	beyond   map[string]bool // checks of which an error is listed past maxProblems
}

type record struct {
	owner zone.Name
	set   zone.RRset
	place Place
}

// signing are the types that only signing makes, and that zones have no place for here.
var signing = []string{"RRSIG", "SIG", "NSEC", "NXT", "NSEC3", "NSEC3PARAM", "DNSKEY", "KEY", "CDS", "CDNSKEY", "ZONEMD", "TYPE65534"}

// maxProblems bounds the list. Past it the first error of each check is listed, so that none is hidden by what came before.
const maxProblems = 10_000

func (r *Reading) problem(p zone.Problem) {
	if p.Severity == "" {
		p.Severity = zone.Error
	}
	if len(r.Problems) >= maxProblems {
		if p.Severity != zone.Error || r.beyond[p.Check] {
			return
		}
		if r.beyond == nil {
			r.beyond = map[string]bool{}
		}
		r.beyond[p.Check] = true
	}
	r.Problems = append(r.Problems, p)
}

func (p Place) problem(check, text, fix string) zone.Problem {
	return zone.Problem{Check: check, Severity: zone.Error, File: p.File, Line: p.Line, Text: text, Fix: fix}
}

// add takes a record in. Its zone is found once all are read.
func (r *Reading) add(owner zone.Name, t zone.Type, ttl uint32, data zone.Rdata, at Place) {
	r.records++
	if r.Progress != nil && r.records%1000 == 0 {
		r.Progress(r.records)
	}
	switch {
	case r.records == MaxRecords+1:
		r.problem(at.problem("import-bounds", fmt.Sprintf("more than %d records", MaxRecords), "import the zones one by one"))
		return
	case r.records > MaxRecords:
		return
	case slices.Contains(signing, t.String()):
		if r.skipped == nil {
			r.skipped = map[key]bool{}
		}
		if k := (key{"", t}); !r.skipped[k] {
			r.skipped[k] = true
			p := at.problem("import-signing", fmt.Sprintf("%s records belong to a signed zone, and zones are not signed here; this is the first", t), "--skip leaves them out")
			p.Name = owner.String()
			r.problem(p)
		}
		return
	}
	set := zone.RRset{Type: t, TTL: ttl, Data: []zone.Rdata{data}}
	if t == zone.TypeSOA {
		r.soa(owner, set, at)
		return
	}
	r.waiting = append(r.waiting, record{owner, set, at})
}

func (r *Reading) soa(owner zone.Name, set zone.RRset, at Place) {
	if r.zones == nil {
		r.zones = map[zone.Name]*Zone{}
	}
	if r.current == nil {
		r.current = map[zone.Name]*Zone{}
	}
	z := r.zones[owner]
	if z != nil && r.current[owner] == nil {
		first := z.places[key{owner, zone.TypeSOA}]
		p := at.problem("import-soa", fmt.Sprintf("the zone was read already, from %s", first.File), "import one of the two")
		p.Name = owner.String()
		r.problem(p)
		r.current[owner] = &Zone{Apex: owner, sets: map[zone.Name][]zone.RRset{owner: {set}}, places: map[key]Place{}}
		return
	}
	if z != nil {
		if other := z.sets[owner][0]; other.Data[0] != set.Data[0] {
			p := at.problem("import-soa", "a second SOA of the zone, unlike the first: the first counts", "")
			p.Severity, p.Name = zone.Warning, owner.String()
			r.problem(p)
		}
		return
	}
	z = &Zone{Apex: owner, sets: map[zone.Name][]zone.RRset{owner: {set}}, places: map[key]Place{{owner, set.Type}: at}}
	if d := []byte(set.Data[0]); len(d) >= 20 {
		z.Serial = uint32(d[len(d)-20])<<24 | uint32(d[len(d)-19])<<16 | uint32(d[len(d)-18])<<8 | uint32(d[len(d)-17])
	}
	r.zones[owner], r.current[owner] = z, z
}

// flush ends one thing that was read: its records go to the nearest zone above them of those whose SOA stands in it. So what a zone's file has of a delegation
// stays there, also when the zone below is read from another file.
func (r *Reading) flush(name string) {
	if len(r.current) == 0 && len(r.waiting) > 0 {
		r.problem(Place{File: name}.problem("import-outside", "there is no SOA record in it: nobody can tell which zone the records are of", "import it with the file that includes it"))
		r.waiting = nil
	}
	for _, rec := range r.waiting {
		z := r.zoneOf(rec.owner, rec.set.Type)
		if z == nil {
			p := rec.place.problem("import-outside", "the record is in no zone: no SOA above it was read", "import it with the zone's SOA")
			p.Name = rec.owner.String()
			r.problem(p)
			continue
		}
		z.put(rec, r)
	}
	r.waiting, r.current = nil, nil
}

// Zones gives what was read, sorted by apex.
func (r *Reading) Zones() []*Zone {
	zones := slices.SortedFunc(maps.Values(r.zones), func(a, b *Zone) int { return a.Apex.Compare(b.Apex) })
	for _, z := range zones {
		for _, sets := range z.sets {
			for i := range sets {
				sets[i].Normalize()
			}
			zone.SortSets(sets)
		}
	}
	return zones
}

func (r *Reading) zoneOf(owner zone.Name, t zone.Type) *Zone {
	if t == zone.TypeDS && owner != zone.Root {
		owner = owner.Parent() // RFC 4035 2.4: it is the parent's
	}
	for n := owner; ; n = n.Parent() {
		if z := r.current[n]; z != nil {
			return z
		}
		if n == zone.Root {
			return nil
		}
	}
}

// put adds a record to its RRset. A set has one TTL, the smallest (RFC 2181 5.2).
func (z *Zone) put(rec record, r *Reading) {
	sets := z.sets[rec.owner]
	for i := range sets {
		if s := &sets[i]; s.Type == rec.set.Type {
			if s.TTL != rec.set.TTL {
				where := "before"
				if line := z.places[key{rec.owner, s.Type}].Line; line > 0 { // a transfer has no lines
					where = fmt.Sprintf("in line %d", line)
				}
				p := rec.place.problem("import-ttl", fmt.Sprintf("%s has TTL %d here and %d %s: an RRset has one (RFC 2181 5.2), the smaller counts", s.Type, rec.set.TTL, s.TTL, where), "")
				p.Severity, p.Name = zone.Warning, rec.owner.String()
				r.problem(p)
			}
			s.TTL = min(s.TTL, rec.set.TTL)
			s.Data = append(s.Data, rec.set.Data[0])
			return
		}
	}
	z.sets[rec.owner] = append(sets, rec.set)
	z.places[key{rec.owner, rec.set.Type}] = rec.place
}
