package snapshot

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// ErrProblems says that a compilation gave errors among its problems, and no file.
var ErrProblems = errors.New("zone files have errors")

// CompileZoneFiles compiles RFC 1035 zone files ($ORIGIN, $TTL, $INCLUDE, $GENERATE), one zone each, into a snapshot at
// out. All problems of all files come back, in order of place; with an error among them nothing is
// written and err is ErrProblems. Zones get serial: literal and timestamp: off. Where one file's zone stands
// below another's, the upper file's records there (delegation and glue) give way, all but the DS of its apex.
func CompileZoneFiles(paths []string, out string, seed Seed, tmpDir string) (Stat, []zone.Problem, error) {
	b := NewBuilder(seed, tmpDir)
	problems := ReadZoneFiles(paths, b)
	if slices.ContainsFunc(problems, func(p zone.Problem) bool { return p.Severity == zone.Error }) {
		return Stat{}, problems, ErrProblems
	}
	stat, err := b.WriteFile(out)
	return stat, problems, err
}

// ReadZoneFiles reads zone files into a builder, as CompileZoneFiles has it, and gives their problems.
func ReadZoneFiles(paths []string, b *Builder) []zone.Problem {
	var files []*zoneFile
	var problems []zone.Problem
	apexes := make(map[zone.Name]*zoneFile)
	for _, path := range paths {
		f := readZoneFile(path)
		if other, twice := apexes[f.apex]; twice && f.apex != "" {
			f.report("zone-twice", 0, f.apex, "zone is in "+other.path+" too", "give each zone one file")
		} else if f.apex != "" {
			apexes[f.apex] = f
			if err := b.AddZone(Zone{Apex: f.apex, SerialLiteral: true}); err != nil {
				f.report("zone-twice", 0, f.apex, err.Error(), "give each zone one file")
			}
		}
		files = append(files, f)
	}
	owner := func(n zone.Name) zone.Name {
		for ; n != ""; n = n.Parent() {
			if _, ok := apexes[n]; ok {
				return n
			}
		}
		return ""
	}
	for _, f := range files {
		f.handDown(func(n zone.Name) *zoneFile {
			if owner(n.Parent()) != f.apex {
				return nil
			}
			return apexes[n]
		})
	}
	for _, f := range files {
		f.addTo(b, owner)
		if f.dropped > 0 {
			f.problems = append(f.problems, zone.Problem{Check: "too-many-problems", Severity: zone.Error, File: f.path,
				Text: fmt.Sprintf("%d more problems are not shown", f.dropped)})
		}
		problems = append(problems, f.problems...)
	}
	slices.SortStableFunc(problems, zone.Problem.ComparePlace)
	return problems
}

// zoneFile is one file's zone: its records in an arena, under the key of owner and type.
type zoneFile struct {
	path     string
	apex     zone.Name
	records  arena
	items    []uint64
	files    []string // that lines are of: path and what it includes
	problems []zone.Problem
	errors   int // among all problems, those past maxProblems too
	dropped  int // problems past maxProblems
}

// maxProblems bounds what is reported of one file (P9).
const maxProblems = 1000

// fileRecord is a record as read, with its place.
type fileRecord struct {
	name zone.Name
	t    zone.Type
	ttl  uint32
	data zone.Rdata
	file int // index in zoneFile.files
	line int
}

// put stores a record: the key is owner and type, the body TTL, place and data.
func (f *zoneFile) put(r fileRecord) {
	key := binary.BigEndian.AppendUint16(appendKey(nil, r.name), uint16(r.t))
	body := binary.BigEndian.AppendUint32(nil, r.ttl)
	body = binary.BigEndian.AppendUint32(body, uint32(r.file))
	body = binary.BigEndian.AppendUint32(body, uint32(r.line))
	f.items = append(f.items, f.records.put(key, append(body, r.data...)))
}

func (f *zoneFile) get(item uint64) fileRecord {
	key, body := f.records.key(item), f.records.body(item)
	return fileRecord{name: nameOfKey(key[:len(key)-2]), t: zone.Type(binary.BigEndian.Uint16(key[len(key)-2:])),
		ttl: binary.BigEndian.Uint32(body), file: int(binary.BigEndian.Uint32(body[4:])),
		line: int(binary.BigEndian.Uint32(body[8:])), data: zone.Rdata(body[12:])}
}

// report notes an error of the file itself.
func (f *zoneFile) report(check string, line int, name zone.Name, text, fix string) {
	f.note(zone.Problem{Check: check, Severity: zone.Error, File: f.path, Line: line, Name: name.String(), Text: text, Fix: fix})
}

func (f *zoneFile) note(p zone.Problem) {
	if p.Severity == zone.Error {
		f.errors++
	}
	if len(f.problems) == maxProblems {
		f.dropped++
		return
	}
	f.problems = append(f.problems, p)
}

func (f *zoneFile) reportRecord(severity zone.Severity, check string, r fileRecord, text, fix string) {
	f.note(zone.Problem{Check: check, Severity: severity, File: f.files[r.file], Line: r.line,
		Name: r.name.String(), Text: text, Fix: fix})
}

// handDown moves the DS of other files' zones to them: it is in the zone above by right (RFC 4035 2.4), and of one node
// with their apex. to gives the file of the zone that begins at a name right below this one, or nil.
func (f *zoneFile) handDown(to func(zone.Name) *zoneFile) {
	f.items = slices.DeleteFunc(f.items, func(item uint64) bool {
		key := f.records.key(item)
		if binary.BigEndian.Uint16(key[len(key)-2:]) != uint16(zone.TypeDS) {
			return false
		}
		r := f.get(item)
		g := to(r.name)
		if g == nil {
			return false
		}
		path := f.files[r.file]
		if r.file = slices.Index(g.files, path); r.file < 0 {
			r.file = len(g.files)
			g.files = append(g.files, path)
		}
		g.put(r)
		return true
	})
}

// addTo checks the records name by name and adds those that belong to this zone; owner gives the zone of a name.
func (f *zoneFile) addTo(b *Builder, owner func(zone.Name) zone.Name) {
	parallelSort(f.items, func(x, y uint64) int {
		a, b := f.records.key(x), f.records.key(y)
		if c := bytes.Compare(a[:len(a)-2], b[:len(b)-2]); c != 0 {
			return c
		}
		return cmp.Or(bytes.Compare(a[len(a)-2:], b[len(b)-2:]), cmp.Compare(x, y)) // then as in the file
	})
	var group []fileRecord
	flush := func() {
		if len(group) == 0 {
			return
		}
		if owner(group[0].name) != f.apex {
			f.givesWay(group)
		} else if n, ok := f.node(group); ok {
			if err := b.Add(n); err != nil {
				f.reportRecord(zone.Error, "bad-records", group[0], err.Error(), "")
			}
		}
		group = group[:0]
	}
	for _, item := range f.items {
		r := f.get(item)
		if len(group) > 0 && group[0].name != r.name {
			flush()
		}
		group = append(group, r)
	}
	flush()
}

// givesWay warns of what is lost when another file's zone begins above the records: all but delegation and glue.
func (f *zoneFile) givesWay(group []fileRecord) {
	for _, r := range group {
		if r.t != zone.TypeNS && r.t != zone.TypeA && r.t != zone.TypeAAAA {
			f.reportRecord(zone.Warning, "shadowed-by-zone", r, fmt.Sprintf("%s is not served: another file's zone begins here or above", r.t), "move it there")
		}
	}
}

// node makes the RRsets of one name, whose records are sorted by type; ok is false if it has an error.
func (f *zoneFile) node(group []fileRecord) (n Node, ok bool) {
	before := f.errors
	n = Node{Name: group[0].name}
	first := make(map[zone.Type]fileRecord)
	for _, r := range group {
		if len(n.Sets) == 0 || n.Sets[len(n.Sets)-1].Type != r.t {
			n.Sets = append(n.Sets, zone.RRset{Type: r.t, TTL: r.ttl})
			first[r.t] = r
		}
		s := &n.Sets[len(n.Sets)-1]
		if s.TTL != r.ttl {
			f.reportRecord(zone.Warning, "ttl-mismatch", r, fmt.Sprintf("%s has several TTLs; the smallest is served", r.t), "give all records of a set one TTL (RFC 2181 5.2)")
			s.TTL = min(s.TTL, r.ttl)
		}
		s.Data = append(s.Data, r.data)
	}
	for i := range n.Sets {
		n.Sets[i].Normalize()
	}
	for _, s := range n.Sets {
		f.checkSet(n, s, first[s.Type])
	}
	return n, f.errors == before
}

func (f *zoneFile) checkSet(n Node, s zone.RRset, at fileRecord) {
	switch {
	case s.Size() > zone.MaxRRset:
		f.reportRecord(zone.Error, "rrset-too-large", at, fmt.Sprintf("%s has %d octets, at most %d", s.Type, s.Size(), zone.MaxRRset), "")
	case s.Type == zone.TypeSOA && n.Name != f.apex:
		f.reportRecord(zone.Error, "soa-not-apex", at, "a second SOA, below the apex", "give each zone one file")
	case len(s.Data) > 1 && (s.Type == zone.TypeSOA || s.Type == zone.TypeCNAME || s.Type == zone.TypeDNAME):
		f.reportRecord(zone.Error, "several-"+lowerType(s.Type), at, fmt.Sprintf("%d %s records, one is allowed", len(s.Data), s.Type), "")
	case s.Type == zone.TypeCNAME && slices.ContainsFunc(n.Sets, notBesideCNAME):
		f.reportRecord(zone.Error, "cname-and-other-data", at, "CNAME beside other records (RFC 1034 3.6.2)", "keep one of them")
	}
}

func lowerType(t zone.Type) string { return string(bytes.ToLower([]byte(t.String()))) }

// notBesideCNAME leaves out the types of RFC 4034 that may stand beside a CNAME.
func notBesideCNAME(s zone.RRset) bool {
	switch uint16(s.Type) {
	case dns.TypeCNAME, dns.TypeRRSIG, dns.TypeNSEC, dns.TypeKEY:
		return false
	}
	return true
}
