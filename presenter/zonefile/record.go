package zonefile

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// maxProblems bounds the errors, and the warnings, that are listed for one zone: a thousand places are more than anybody mends in one go. They
// are counted apart, so that no number of warnings hides that there is an error.
const maxProblems = 1000

type key struct {
	owner zone.Name
	typ   zone.Type
}

// builder collects one zone.
type builder struct {
	opt      Options
	apex     zone.Name
	problems []zone.Problem
	errors   int // found, listed or not
	warnings int
	records  []Record
	written  int
	seen     map[key]int // where in records
	facts    row.ZoneFacts
	soa      soaValues
	layout   *Layout
	shared   *shared
	joined   bool // the file that is read has aliases, or includes others

	exceptions []Exception

	blockwise, blockSize int // see blocks.go
}

// reader reads one file; name is what problems concern at the moment.
type reader struct {
	*builder
	path    string
	name    string
	names   map[zone.Name]int // of the file, each with its line
	lenient bool              // what octoDNS would serve, too, is a warning
	here    struct {
		owner      zone.Name
		at, record *yaml.Node
	}
}

func (b *builder) reader(path string) *reader {
	return &reader{builder: b, path: path, names: make(map[zone.Name]int)}
}

// fileOf gives the file that a node stands in: the one being read, or one that it includes.
func (r *reader) fileOf(n *yaml.Node) string {
	if r.shared != nil {
		if file, included := r.shared.from[n]; included {
			return file
		}
	}
	return r.path
}

// fail adds an error and is false, so that callers can return it.
func (r *reader) fail(n *yaml.Node, check, text, fix string) bool {
	r.add(zone.Error, n, check, text, fix)
	return false
}

func (r *reader) add(s zone.Severity, n *yaml.Node, check, text, fix string) {
	found := &r.errors
	if s == zone.Warning {
		found = &r.warnings
	}
	if *found++; *found <= maxProblems {
		r.problems = append(r.problems, zone.Problem{Check: check, Severity: s, File: r.opt.Prefix + r.fileOf(n), Line: n.Line, Column: n.Column,
			Name: r.name, Text: text, Fix: fix})
	}
}

func (b *builder) file(f checkout.File) {
	if b.opt.Memo == nil {
		b.fileAnew(f)
		return
	}
	k, was := b.memoKey(f), b.mark()
	if !b.recall(k) {
		b.fileAnew(f)
		b.remember(k, was)
	}
}

func (b *builder) fileAnew(f checkout.File) {
	b.joined = false
	if b.inBlocks(f) {
		return
	}
	r := b.reader(f.Path)
	root, fault := b.read(f)
	if fault != nil {
		r.path = fault.path
		r.fail(&yaml.Node{Line: fault.line, Column: fault.column}, fault.check, fault.text, fault.fix)
		return
	}
	if root.Kind != yaml.MappingNode {
		r.fail(root, "not-a-mapping", "a zone file maps names to records, this is a "+kind(root), "write {} for a zone without records of its own")
		return
	}
	r.mapping(root)
}

// mapping reads the names of a file, or of a block of it.
func (r *reader) mapping(root *yaml.Node) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		r.name = ""
		owner, ok := r.owner(root.Content[i])
		if line := r.names[owner]; ok && line > 0 {
			ok = r.fail(root.Content[i], "duplicate-key", fmt.Sprintf("the name stands in this file already, in line %d", line), "make it one name with a list of records")
		}
		if ok {
			r.names[owner] = root.Content[i].Line
			r.recordsAt(owner, root.Content[i], root.Content[i+1])
		}
	}
}

// read gives a file's content with its aliases and includes in place.
func (b *builder) read(f checkout.File) (*yaml.Node, *misplaced) {
	root, bad := document(f.Data)
	if bad != nil {
		return nil, &misplaced{bad, f.Path}
	}
	if plain(root) {
		return root, nil
	}
	b.joined = true
	t := &tree{shared: b.shared, files: b.layout.files, state: make(map[*yaml.Node]bool), open: []string{f.Path}}
	root, wrong := t.resolve(root)
	if wrong == nil && size(root, make(map[*yaml.Node]int)) > maxTokens {
		return nil, &misplaced{&fault{1, 1, "too-big", fmt.Sprintf("aliases and includes make more than %d items of this file", maxTokens), "make it a folder of several files"}, f.Path}
	}
	return root, wrong
}

// recordsAt reads one record or a list of them.
func (r *reader) recordsAt(owner zone.Name, k, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		r.record(owner, k, n)
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			r.fail(n, "no-value", "the list of records is empty", "remove the name")
		}
		for _, item := range n.Content {
			r.record(owner, item, item)
		}
	default:
		r.fail(n, "bad-value", "a name has one record or a list of them, not a "+kind(n), "write type: and value: below the name")
	}
}

// record reads one record; at is where it begins to a reader's eye.
func (r *reader) record(owner zone.Name, at, n *yaml.Node) {
	r.here.owner, r.here.at, r.here.record = owner, at, n
	fields, ok := r.object(n, "a record", 0, "type", "ttl", "value", "values", "zonecast", "octodns", "geo", "dynamic")
	if !ok {
		return
	}
	here, good := r.octodns(fields["octodns"])
	good = r.steered(fields) && good
	h := row.HumanRecord{Zone: r.apex, File: r.fileOf(at)}
	if !here || !r.typeOf(fields, n, &h) {
		return
	}
	good = r.override(fields["zonecast"], &h) && good
	h.Set.TTL = r.opt.DefaultTTL
	if n := fields["ttl"]; n != nil {
		v, ok := r.integer(n, "ttl", 0, zone.MaxTTL)
		h.Set.TTL, good = uint32(v), good && ok
	}
	if r.data(fields, n, &h) && good && r.fits(owner, at, h) {
		r.keep(Record{Owner: owner, Human: h, Line: at.Line, Column: at.Column}, at)
	}
}

func (r *reader) typeOf(fields map[string]*yaml.Node, record *yaml.Node, h *row.HumanRecord) bool {
	n := fields["type"]
	if n == nil {
		if z := fields["zonecast"]; z != nil && field(z, "mode") == "mask" && field(z, "scope") == "name" {
			h.Set.Type = TypeAny
			return true
		}
		return r.fail(record, "missing-key", "a record needs the key type", "write, for example, type: A")
	}
	if n.Kind != yaml.ScalarNode {
		return r.fail(n, "bad-type", "type must be a text", "")
	}
	t, check, text, fix := typeNamed(n.Value)
	h.Set.Type = t
	return check == "" || r.fail(n, check, text, fix)
}

// field reads a plain field of a mapping without any check.
func field(n *yaml.Node, k string) string {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == k {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// data reads value or values into the set.
func (r *reader) data(fields map[string]*yaml.Node, n *yaml.Node, h *row.HumanRecord) bool {
	value, values, spec := fields["value"], fields["values"], specOf(h.Set.Type)
	if h.Mode == ModeMask {
		for _, f := range []*yaml.Node{value, values, fields["ttl"]} {
			if f != nil {
				return r.fail(f, "mask-value", "a mask serves nothing: it takes no value, values or ttl", "remove it, or write mode: replace")
			}
		}
		h.Set.TTL = 0
		return true
	}
	if value == nil && values == nil && h.Set.Type == zone.TypeSOA {
		value = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
	}
	switch {
	case value != nil && values != nil:
		return r.fail(values, "many-values", "a record has either value or values", "put all into values")
	case value == nil && values == nil:
		return r.fail(n, "no-value", "the record has no value", "write value: or values:, or mode: mask under zonecast:")
	case value != nil && value.Kind == yaml.SequenceNode:
		values = value // octoDNS takes a list under either key, and a single value too
	case value != nil:
		values = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{value}}
	case values.Kind != yaml.SequenceNode:
		values = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{values}}
	}
	switch {
	case len(values.Content) == 0:
		return r.fail(values, "no-value", "the list of values is empty", "remove the record")
	case spec.single && len(values.Content) > 1:
		return r.fail(values, "many-values", h.Set.Type.String()+" takes one value", "")
	}
	list := values.Content
	good := true
	for _, v := range list {
		d, ok := spec.build(r, v)
		if ok && len(d) > 0xffff {
			ok = r.fail(v, "too-large", "the value is larger than 65,535 octets", "")
		}
		good = good && ok
		h.Set.Data = append(h.Set.Data, d)
	}
	h.Set.Normalize()
	switch {
	case good && len(h.Set.Data) < len(list):
		r.add(zone.Warning, list[len(list)-1], "duplicate-value", "a value occurs twice", "remove one")
	case good:
		if err := h.Set.Extent().Fit(); err != nil {
			return r.fail(list[0], "too-large", err.Error(), "spread the values over several names")
		}
	}
	return good
}

// keep adds a record unless its name and type are taken, by this file or another of the zone.
func (r *reader) keep(rec Record, at *yaml.Node) {
	k := key{rec.Owner, rec.Human.Set.Type}
	if old, taken := r.taken(k); taken {
		r.fail(at, "duplicate-type", fmt.Sprintf("%s stands at this name already, in %s", k.typ, r.placeOf(old, rec.Human.File)), "put the values into one record")
		return
	}
	r.take(rec)
}

func (b *builder) take(rec Record) {
	b.seen[key{rec.Owner, rec.Human.Set.Type}] = len(b.records)
	b.records = append(b.records, rec)
	b.written++
}

func (b *builder) taken(k key) (Record, bool) {
	i, ok := b.seen[k]
	if !ok {
		return Record{}, false
	}
	return b.records[i], true
}

// placeOf says where a record stands, to a reader of the file at path.
func (b *builder) placeOf(rec Record, path string) string {
	if rec.Human.File == path {
		return fmt.Sprintf("line %d", rec.Line)
	}
	return fmt.Sprintf("%s%s:%d", b.opt.Prefix, rec.Human.File, rec.Line)
}
