package ruleset

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Limits on pools (P9): more members than these in one RRset help nobody.
const (
	maxAtMost = 200
	maxWeight = 1000
	maxOrder  = 255 // octets of a text to order by
)

var poolKeys = []string{"at_most", "keep_last", "sticky", "rotate", "order", "weight"}

// limits are what a record says about the pool that its members make.
type limits struct {
	limited          bool // at_most or keep_last is given
	atMost, keepLast uint32
	sticky           bool
	rotate           zone.Rotation
	order, weight    *program
}

// pool reads pool: {}. Without keys, or with rotate alone, all members are served, as without the key.
func (s *source) pool(n *yaml.Node, sc scope) *limits {
	f := s.Mapping(n, "pool", poolKeys...)
	if f == nil {
		return nil
	}
	p := &limits{}
	for _, key := range []string{"at_most", "keep_last"} {
		v := f[key]
		if v == nil {
			continue
		}
		number, err := strconv.ParseUint(v.Value, 10, 32)
		if v.Kind != yaml.ScalarNode || v.Tag != "!!int" || err != nil || number < 1 || number > maxAtMost {
			s.Fail("bad-pool", v, fmt.Sprintf("%s must be a whole number from 1 to %d", key, maxAtMost), "")
			continue
		}
		p.limited = true
		if key == "at_most" {
			p.atMost = uint32(number)
		} else {
			p.keepLast = uint32(number)
		}
	}
	if p.atMost > 0 && p.keepLast > p.atMost {
		s.Fail("bad-pool", f["keep_last"], "keep_last is larger than at_most", "")
	}
	if v := f["rotate"]; v != nil {
		if text, ok := s.Text(v, "rotate"); ok {
			if p.rotate, ok = zone.ParseRotation(text); !ok {
				s.Fail("bad-pool", v, fmt.Sprintf("unknown rotation %q", text), "known: cyclic, none, random")
			}
		}
	}
	if v := f["sticky"]; v != nil {
		p.sticky = s.Boolean(v, "sticky")
	}
	for _, key := range []string{"sticky", "order", "weight"} {
		if f[key] != nil && f["at_most"] == nil {
			s.Fail("bad-pool", f[key], key+" says which members are chosen, but without at_most all are", "add at_most, or leave it out")
		}
	}
	if v := f["order"]; v != nil {
		if p.order = s.expression(v, "order", sc, reflect.Invalid); p.order != nil {
			if b := p.order.typ.Base; b == "" || b == Bool || b == List || b == object {
				s.Fail("expression-type", v, "order must give a whole number or text", "")
			}
		}
	}
	if v := f["weight"]; v != nil {
		if p.weight = s.expression(v, "weight", sc, reflect.Invalid); p.weight != nil {
			if b := p.weight.typ.Base; b != Int && b != Port {
				s.Fail("expression-type", v, "weight must give a whole number", "")
			}
		}
	}
	return p
}

// standing is what a record gives to its sets besides records.
type standing struct {
	row.Standing
	rotate zone.Rotation
}

// stand works out a record's standing for the entity, or for one element of each. It is 0 where there is nothing to
// say, else one more than its place in the worker's list.
func (w *Worker) stand(r *record) (uint16, error) {
	var st standing
	if p := r.pool; p != nil {
		st.rotate = p.rotate
		if p.limited {
			st.Limited, st.AtMost, st.KeepLast, st.Sticky, st.Weight = true, p.atMost, p.keepLast, p.sticky, 1
		}
		if err := w.rank(p, &st.Standing); err != nil {
			return 0, err
		}
	}
	if r.number != nil {
		st.Role, st.Number, st.Pinned = w.role, uint32(w.n), w.pinned
	}
	if st == (standing{}) {
		return 0, nil
	}
	if len(w.standings) >= maxStandings {
		return 0, fmt.Errorf("records with a pool or a number are made more than %d times for one entity", maxStandings)
	}
	w.standings = append(w.standings, st)
	return uint16(len(w.standings)), nil
}

func (w *Worker) rank(p *limits, st *row.Standing) error {
	if p.order != nil {
		v, err := w.value(p.order)
		switch v := v.(type) {
		case int:
			st.Order = int64(v)
		case string:
			if st.OrderBy = v; len(v) > maxOrder {
				return fmt.Errorf("order gives a text of more than %d octets", maxOrder)
			}
		default:
			if err == nil {
				err = fmt.Errorf("order gives %T, not a whole number or text", v)
			}
			return err
		}
	}
	if p.weight == nil {
		return nil
	}
	v, err := w.value(p.weight)
	if err != nil {
		return err
	}
	weight, ok := v.(int)
	if !ok || weight < 0 || weight > maxWeight {
		return fmt.Errorf("weight gives %v, not a whole number from 0 to %d", v, maxWeight)
	}
	st.Weight = uint32(weight)
	return nil
}

// maxStandings bounds how often records with a pool or a number are made for one entity (P9).
const maxStandings = math.MaxUint16

// unite is the standing of a set that several records made, or several elements of one. Where one of them has no limits, the set is
// served whatever the pool chooses; else the widest limits and the best rank count.
func (a standing) unite(b standing) standing {
	a.rotate = max(a.rotate, b.rotate)
	if a.Role == "" {
		a.Role, a.Number, a.Pinned = b.Role, b.Number, b.Pinned
	}
	if !a.Limited || !b.Limited {
		a.Standing = row.Standing{Role: a.Role, Number: a.Number, Pinned: a.Pinned}
		return a
	}
	if a.AtMost == 0 || b.AtMost == 0 {
		a.AtMost = 0
	} else {
		a.AtMost = max(a.AtMost, b.AtMost)
	}
	a.KeepLast, a.Sticky, a.Weight = max(a.KeepLast, b.KeepLast), a.Sticky || b.Sticky, max(a.Weight, b.Weight)
	if c := cmp.Or(cmp.Compare(b.Order, a.Order), cmp.Compare(b.OrderBy, a.OrderBy)); c < 0 {
		a.Order, a.OrderBy = b.Order, b.OrderBy
	}
	return a
}

// Keeps gives how many last members the module keeps of a pool at this name and type: the largest keep_last of the records that make
// the type at names which begin and end as this one; 0 for none.
func (m *Module) Keeps(owner string, t zone.Type) (n int) {
	for _, r := range m.records {
		if r.typ == t && r.pool != nil && r.name.couldBe(owner) {
			n = max(n, int(r.pool.keepLast))
		}
	}
	return n
}

// stands notes how the newest set of a contribution stands, which these items made.
func (w *Worker) stands(c *Contribution, items []item) {
	last := len(c.Sets) - 1
	st := w.standingOf(items[0].standing)
	for _, it := range items[1:] {
		if it.standing != items[0].standing {
			st = st.unite(w.standingOf(it.standing))
		}
	}
	c.Sets[last].Rotate = st.rotate
	if st.Standing != (row.Standing{}) && c.Standings == nil {
		c.Standings = make([]row.Standing, last, last+1)
	}
	if c.Standings != nil {
		c.Standings = append(c.Standings, st.Standing)
	}
}

func (w *Worker) standingOf(at uint16) standing {
	if at == 0 {
		return standing{}
	}
	return w.standings[at-1]
}
