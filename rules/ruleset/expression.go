package ruleset

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// Limits on one expression (P9). The memory budget counts elements that a run makes, not octets.
const (
	maxExpression   = 2 << 10 // octets
	maxExprNodes    = 500
	maxMemoryBudget = 20_000
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

// fault is an error in an expression, with its place as an offset in characters.
type fault struct {
	check, text, fix string
	offset           int
}

// compile checks and compiles an expression. want is reflect.Bool for a condition, else Invalid.
func (s scope) compile(source string, want reflect.Kind) (*program, *fault) {
	if len(source) > maxExpression {
		return nil, &fault{check: "bad-expression", text: "the expression is longer than 2 KiB"}
	}
	if strings.TrimSpace(source) == "" {
		return nil, &fault{check: "empty-text", text: "the expression is empty", fix: "write an expression or leave the key out"}
	}
	config := conf.CreateNew()
	config.MaxNodes = maxExprNodes
	for name := range config.Builtins {
		if !slices.Contains(builtins, name) {
			expr.DisableBuiltin(name)(config)
		}
	}
	expr.Env(s.env())(config)
	for _, option := range functions() {
		option(config)
	}
	for name := range config.Disabled {
		delete(config.Builtins, name)
	}
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return nil, faultOf(err)
	}
	r := &rewriter{scope: s, prog: &program{}}
	tree.Node = r.node(tree.Node)
	if r.fault != nil {
		return nil, r.fault
	}
	if want != reflect.Invalid {
		config.Expect, config.ExpectAny = want, false // what `any` there is would only fail at night
	}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, faultOf(err)
	}
	r.prog.typ = r.typeOf(tree.Node)
	r.plain(tree.Node)
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, faultOf(err)
	}
	if r.prog.code, err = compiler.Compile(tree, config); err != nil {
		return nil, faultOf(err)
	}
	return r.prog, nil
}

func faultOf(err error) *fault {
	f := &fault{check: "bad-expression", text: err.Error()}
	var at *file.Error
	if errors.As(err, &at) {
		f.text, f.offset = at.Message, at.From
	}
	f.text = strings.ReplaceAll(f.text, "\n", " ")
	if strings.HasPrefix(f.text, "expected ") || strings.Contains(f.text, "mismatched type") || strings.Contains(f.text, "cannot use") {
		f.check = "expression-type"
	}
	return f
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
