package policy

import (
	"math"
	"net/netip"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"

	"zonecast/internal/expression"
	"zonecast/internal/zone"
)

// field is something that an expression can name. It is worked out when an expression reads it.
type field struct {
	name  string
	typ   reflect.Type // of a function that gives it
	words []string     // all there can be, of an enumeration
	side  side         // what must be known to be there before it is asked
	read  func(j *Judge) any
}

// side is what a change has of before and after.
type side byte

const (
	hasOld side = 1 << iota
	hasNew
)

var (
	giveText   = reflect.TypeFor[func(any) string]()
	giveInt    = reflect.TypeFor[func(any) int]()
	giveBool   = reflect.TypeFor[func(any) bool]()
	giveTexts  = reflect.TypeFor[func(any) []string]()
	fieldIndex = indexFields()
)

// fields by name. `old` and `new` stand for whether there is one; they are asked with `old != nil`.
var fields = []field{
	{name: "change", typ: giveText, words: []string{Created, Changed, Deleted, Kept}, read: func(j *Judge) any { return j.kind }},
	{name: "zone", typ: giveText, read: func(j *Judge) any { return j.zoneText() }},
	{name: "name", typ: giveText, read: func(j *Judge) any { return j.nameText() }},
	{name: "labels", typ: giveTexts, read: func(j *Judge) any { return labels(j.c.Name) }},
	{name: "apex", typ: giveBool, read: func(j *Judge) any { return j.c.Name == j.c.Zone }},
	{name: "wildcard", typ: giveBool, read: func(j *Judge) any { return j.c.Name.IsWildcard() }},
	{name: "type", typ: giveText, read: func(j *Judge) any { return j.typeText() }},
	{name: "ttl", typ: giveInt, read: func(j *Judge) any { return int(j.c.set().TTL) }},
	{name: "values", typ: giveTexts, read: func(j *Judge) any { return texts(j.c.Type, j.c.set(), &j.values) }},
	{name: "rotate", typ: giveText, words: []string{"none", "cyclic", "random"}, read: func(j *Judge) any { return j.c.set().Rotate.String() }},
	{name: "old.ttl", typ: giveInt, side: hasOld, read: func(j *Judge) any { return int(j.c.Before.TTL) }},
	{name: "old.values", typ: giveTexts, side: hasOld, read: func(j *Judge) any { return texts(j.c.Type, j.c.Before, &j.old) }},
	{name: "new.ttl", typ: giveInt, side: hasNew, read: func(j *Judge) any { return int(j.c.After.TTL) }},
	{name: "new.values", typ: giveTexts, side: hasNew, read: func(j *Judge) any { return texts(j.c.Type, j.c.After, &j.values) }},
	{name: "old", typ: giveBool, read: func(j *Judge) any { return j.c.Before != nil }},
	{name: "new", typ: giveBool, read: func(j *Judge) any { return j.c.After != nil }},
	{name: "generated", typ: giveBool, read: func(j *Judge) any { return j.c.Origin.Source != "" }},
	{name: "source", typ: giveText, read: func(j *Judge) any { return j.c.Origin.Source }},
	{name: "module", typ: giveText, read: func(j *Judge) any { return j.c.Origin.Module }},
	{name: "entity", typ: giveText, read: func(j *Judge) any { return j.c.Origin.Entity }},
	{name: "file", typ: giveText, read: func(j *Judge) any { return j.c.Origin.File }},
	{name: "author", typ: giveText, read: func(j *Judge) any { return strings.ToLower(j.c.Origin.Author) }},
	{name: "mode", typ: giveText, words: []string{"", "replace", "merge", "mask"}, read: func(j *Judge) any { return j.c.Origin.Mode }},
	{name: "scope", typ: giveText, words: []string{"", "rrset", "name"}, read: func(j *Judge) any { return j.c.Origin.Scope }},
	{name: "reason", typ: giveText, read: func(j *Judge) any { return j.c.Origin.Reason }},
	{name: "expires", typ: giveBool, read: func(j *Judge) any { return j.c.Origin.Expires != 0 }},
	{name: "left", typ: giveInt, read: func(j *Judge) any { return j.left() }},
}

func indexFields() map[string]*field {
	m := make(map[string]*field, len(fields))
	for i := range fields {
		m[fields[i].name] = &fields[i]
	}
	return m
}

// judgeVariable is the one variable of compiled expressions: fields are functions of it. No text can name it.
const judgeVariable = "__judge"

// environment of every expression, and its functions.
func environment() (types.Map, []expr.Option) {
	options := append(expression.Functions(), functions()...)
	for i := range fields {
		f := &fields[i]
		options = append(options, expression.Function("__"+f.name, f.typ, func(a []any) (any, error) { return f.read(a[0].(*Judge)), nil }))
	}
	return types.Map{judgeVariable: types.Any}, options
}

func labels(n zone.Name) []string {
	list := make([]string, 0, n.Labels())
	for ; n != zone.Root; n = n.Parent() {
		list = append(list, n.Label())
	}
	return list
}

// texts prints the data of a set once for a change.
func texts(t zone.Type, s *zone.RRset, memory *[]string) []string {
	if *memory == nil {
		*memory = make([]string, len(s.Data))
		for i, d := range s.Data {
			(*memory)[i] = text(t, d)
		}
	}
	return *memory
}

// text is zone.RdataText; addresses, which are most of what there is, are printed without a parser.
func text(t zone.Type, d zone.Rdata) string {
	if t == zone.TypeA && len(d) == 4 {
		return netip.AddrFrom4([4]byte([]byte(d))).String()
	}
	return zone.RdataText(t, d)
}

// left is how many seconds the record stays in force; as many as there can be where it does not expire.
func (j *Judge) left() int {
	if j.c.Origin.Expires == 0 {
		return math.MaxInt
	}
	return max(0, int(j.c.Origin.Expires-j.now))
}
