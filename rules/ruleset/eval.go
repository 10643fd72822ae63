package ruleset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// MaxRecords bounds the records that one module gives for one entity (P9).
const MaxRecords = 1000

// Contribution is what a module gives for an entity at one owner name.
type Contribution struct {
	Owner  zone.Name
	Shared bool
	Sets   []zone.RRset // normalized, sorted by type
	// How the sets stand in pools with limits, and their numbers: one for each set, or nil.
	Standings []row.Standing
}

// Eval gives the contribution of the module for one entity, by owner name, sorted; nothing where the module's `when` is
// false. The same entity gives the same bytes. The error is a zone.Problem that points at the record: one fault fails
// the whole, so that the last good contribution can be kept as it was (P3). Records that use an absent optional attribute are left out.
func (m *Module) Eval(w *Worker, kind, id string, attrs map[string]any) ([]Contribution, error) {
	if kind != m.Kind {
		return nil, nil
	}
	e, err := m.kind.entity(id, attrs)
	if err != nil {
		return nil, zone.Problem{Check: "bad-entity", Severity: zone.Error, Name: kind + "/" + id, Text: err.Error()}
	}
	return m.EvalEntity(w, e)
}

// EvalEntity is Eval for an entity that is checked already; cheaper where several modules look at the same one.
func (m *Module) EvalEntity(w *Worker, e *Entity) ([]Contribution, error) {
	return m.EvalNumbered(w, e, nil)
}

// EvalNumbered is EvalEntity for an entity that has numbers, by role: those of its Demand.
func (m *Module) EvalNumbered(w *Worker, e *Entity, numbers map[string]inventory.Number) ([]Contribution, error) {
	if e.kind != m.kind {
		if e.Kind != m.Kind {
			return nil, nil
		}
		return nil, zone.Problem{Check: "bad-entity", Severity: zone.Error, Name: e.Kind + "/" + e.ID, Text: "the entity was checked by another version of kinds.yaml"}
	}
	w.begin(m, e, numbers)
	defer w.end()
	if ok, err := m.wanted(w, e); err != nil || !ok {
		return nil, err
	}
	if m.outside != nil {
		return m.finish(w, e, m.ask(e))
	}
	for _, r := range m.records {
		if err := w.each(r); err != nil {
			return nil, m.problem(e, r, checkOf(err), err)
		}
	}
	list, at, err := w.contributions()
	if err != nil {
		return nil, m.problem(e, nil, at, err)
	}
	return list, nil
}

// checkOf is the stable code of an error of one record.
func checkOf(err error) string {
	var number *inventory.NumberError
	if errors.As(err, &number) {
		return number.Check
	}
	return "eval"
}

// wanted tells whether the module gives anything for the worker's entity.
func (m *Module) wanted(w *Worker, e *Entity) (bool, error) {
	ok, err := w.condition(m.when)
	if err != nil {
		if isAbsent(err) {
			return false, nil
		}
		p := m.problem(e, nil, "eval", fmt.Errorf("when: %w", err))
		p.Line, p.Column = m.whenAt.line, m.whenAt.column
		return false, p
	}
	return ok, nil
}

func isAbsent(err error) bool {
	_, ok := err.(*absentError) // never wrapped where it is decided on
	return ok
}

func (m *Module) problem(e *Entity, r *record, check string, err error) zone.Problem {
	p := zone.Problem{Check: check, Severity: zone.Error, File: m.display, Name: m.Name + " for " + e.Kind + "/" + e.ID, Text: err.Error()}
	if r != nil {
		p.Line, p.Column = r.line, r.column
		p.Text = fmt.Sprintf("record %d (%s): %s", r.index, r.typ, p.Text)
	}
	return p
}

// each makes a record once, or once for every element of its list.
func (w *Worker) each(r *record) error {
	if r.each == nil {
		return w.recordOrSkip(r)
	}
	list, err := w.elements(r)
	if err != nil {
		return err
	}
	for _, v := range list {
		w.setIt(v)
		if err := w.recordOrSkip(r); err != nil {
			return err
		}
	}
	return nil
}

// elements gives the record's list; none where it uses an absent attribute.
func (w *Worker) elements(r *record) ([]any, error) {
	list, err := w.list(r.each)
	switch {
	case err == nil:
		return list, nil
	case isAbsent(err):
		return nil, nil
	}
	return nil, fmt.Errorf("each: %w", err)
}

// recordOrSkip leaves out the whole record if it uses an absent attribute.
func (w *Worker) recordOrSkip(r *record) error {
	mark := len(w.items)
	err := w.record(r)
	if err != nil && isAbsent(err) {
		w.items = w.items[:mark]
		return nil
	}
	return err
}

func (w *Worker) record(r *record) error {
	if r.number != nil {
		if ok, err := w.giveNumber(r); err != nil || !ok {
			return err
		}
	} else if ok, err := w.condition(r.when); err != nil || !ok {
		if err != nil && !isAbsent(err) {
			err = fmt.Errorf("when: %w", err)
		}
		return err
	}
	standing := uint16(0)
	if r.pool != nil || r.number != nil {
		var err error
		if standing, err = w.stand(r); err != nil {
			return err
		}
	}
	text, err := w.text(r.name)
	if err != nil {
		return err
	}
	owner, err := parseName(text)
	if err != nil {
		return err
	}
	for _, t := range r.values {
		text, err := w.text(t)
		if err != nil {
			return err
		}
		if err := w.add(r, owner, text, standing); err != nil {
			return err
		}
	}
	if r.from == nil {
		return nil
	}
	list, err := w.list(r.from)
	if err != nil {
		return err
	}
	for _, v := range list {
		switch v := v.(type) {
		case string:
			w.buf = append(w.buf[:0], v...)
		case int:
			w.buf = fmt.Append(w.buf[:0], v)
		default:
			return fmt.Errorf("values_from gives %T, not text", v)
		}
		if err := w.add(r, owner, w.buf, standing); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) add(r *record, owner zone.Name, text []byte, standing uint16) error {
	if len(w.items) >= MaxRecords {
		return fmt.Errorf("more than %d records for one entity", MaxRecords)
	}
	data, err := parseRdata(r.typ, text)
	if err != nil {
		return err
	}
	w.items = append(w.items, item{owner, data, r.typ, standing, r.ttl})
	return nil
}

func (a item) compare(b item) int {
	if c := cmp.Compare(a.owner, b.owner); c != 0 {
		return c
	}
	if a.typ != b.typ {
		return int(a.typ) - int(b.typ)
	}
	return cmp.Compare(a.data, b.data)
}

// contributions unites the records into RRsets: the smallest TTL wins, repeats are dropped.
func (w *Worker) contributions() (list []Contribution, check string, err error) {
	if len(w.items) == 0 {
		return nil, "", nil
	}
	slices.SortFunc(w.items, item.compare)
	owners := 1
	for i := 1; i < len(w.items); i++ {
		if w.items[i].owner != w.items[i-1].owner {
			owners++
		}
	}
	list = make([]Contribution, 0, owners)
	data := make([]zone.Rdata, 0, len(w.items)) // one array for all sets
	for i := 0; i < len(w.items); {
		first := w.items[i]
		set := zone.RRset{Type: first.typ, TTL: first.ttl}
		from := len(data)
		start := i
		for ; i < len(w.items) && w.items[i].typ == first.typ && w.items[i].owner == first.owner; i++ {
			set.TTL = min(set.TTL, w.items[i].ttl)
			if len(data) == from || data[len(data)-1] != w.items[i].data {
				data = append(data, w.items[i].data)
			}
		}
		set.Data = data[from:len(data):len(data)]
		if err := set.Extent().Fit(); err != nil {
			return nil, "rrset-too-large", fmt.Errorf("%s %s: %w", first.owner, first.typ, err)
		}
		if last := len(list) - 1; last < 0 || list[last].Owner != first.owner {
			list = append(list, Contribution{Owner: first.owner, Shared: w.module.Shared})
		}
		c := &list[len(list)-1]
		c.Sets = append(c.Sets, set)
		if len(w.standings) > 0 { // few modules have pools or numbers
			w.stands(c, w.items[start:i])
		}
	}
	for _, c := range list {
		if err := alone(c); err != nil {
			return nil, "cname-and-other", err
		}
	}
	return list, "", nil
}

var errNotAlone = errors.New("a CNAME stands alone at its name, with one target (RFC 2181 10.1)")

// alone checks what a module gives at one name for one entity; the presenter checks what several give together.
func alone(c Contribution) error {
	for _, s := range c.Sets {
		single := uint16(s.Type) == dns.TypeCNAME || uint16(s.Type) == dns.TypeDNAME
		if single && len(s.Data) > 1 || s.Type == zone.TypeCNAME && len(c.Sets) > 1 {
			return fmt.Errorf("%s: %w", c.Owner, errNotAlone)
		}
	}
	return nil
}
