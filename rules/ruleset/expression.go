package ruleset

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"zonecast/internal/expression"
)

// scope is what an expression can see: the kind's attributes, id, vars, under `each` the element as it, and with `number` n.
type scope struct {
	kind   *Kind
	it     *Type
	vars   map[string]string
	number bool
}

// program is a compiled expression. Plain references are read without the virtual machine.
type program struct {
	code   *vm.Program
	typ    Type  // of the result
	attrs  []int // attributes it reads, by index
	id     bool  // it reads the id
	number bool  // it reads n

	plain plain
	slot  int    // plainAttr
	field string // plainField
	text  string // plainText: a constant
	name  string // of a plain reference, for messages
}

type plain byte

const (
	notPlain plain = iota
	plainAttr
	plainID
	plainIt
	plainField
	plainText
	plainNumber  // n
	plainReverse // reverse() of the attribute in slot
)

// compile checks and compiles an expression. want is reflect.Bool for a condition, else Invalid.
func (s scope) compile(source string, want reflect.Kind) (*program, *expression.Fault) {
	r := &rewriter{scope: s, prog: &program{}}
	code, fault := expression.Compile(source, expression.Options{
		Env: s.env(), Functions: append(expression.Functions(), absent()), Want: want,
		Rewrite: func(n ast.Node) (ast.Node, *expression.Fault) { n = r.node(n); return n, r.fault },
		Checked: func(n ast.Node) { r.prog.typ = r.typeOf(n); r.plain(n) },
	})
	if fault != nil {
		return nil, fault
	}
	r.prog.code = code
	return r.prog, nil
}

// env gives the types of everything an expression can name.
func (s scope) env() types.Map {
	env := types.Map{"id": types.String}
	for _, a := range s.kind.Attrs {
		env[a.Name] = a.Type.exprType()
	}
	if s.it != nil {
		env["it"] = s.it.exprType()
	}
	if s.number {
		env["n"] = types.Int
	}
	return env
}

func (t Type) exprType() types.Type {
	switch t.Base {
	case Int, Port:
		return types.Int
	case Bool:
		return types.Bool
	case List:
		return types.Array(t.Elem.exprType())
	case object:
		m := types.Map{}
		for _, f := range t.Fields {
			m[f.Name] = f.Type.exprType()
		}
		return m
	}
	return types.String
}

// plain notes the forms that need no virtual machine.
func (r *rewriter) plain(n ast.Node) {
	p := r.prog
	n = unwrap(n)
	switch n := n.(type) {
	case *ast.StringNode:
		p.plain, p.text = plainText, n.Value
	case *ast.IdentifierNode:
		i, ok := r.kind.index[n.Value]
		switch p.name = n.Value; {
		case ok:
			p.plain, p.slot = plainAttr, i
		case n.Value == "id":
			p.plain = plainID
		case n.Value == "it":
			p.plain = plainIt
		case n.Value == "n":
			p.plain = plainNumber
		}
	case *ast.MemberNode:
		base, ok := n.Node.(*ast.IdentifierNode)
		field, constant := n.Property.(*ast.StringNode)
		if ok && constant && base.Value == "it" && r.it != nil && r.it.Base == object {
			p.plain, p.field, p.name = plainField, field.Value, "it."+field.Value
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value == "reverse" && len(n.Arguments) == 1 {
			arg, ok := unwrap(n.Arguments[0]).(*ast.IdentifierNode)
			if !ok {
				return
			}
			if i, known := r.kind.index[arg.Value]; known && r.kind.Attrs[i].Type.isAddress() {
				p.plain, p.slot, p.name = plainReverse, i, arg.Value
			}
		}
	}
}

func (t Type) isAddress() bool { return t.Base == IPv4 || t.Base == IPv6 }
