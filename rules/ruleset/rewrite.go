package ruleset

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"

	"zonecast/internal/expression"
	"zonecast/internal/strictyaml"
)

// rewriter walks an expression before it is type-checked. It refuses what is unbounded or unknown with words that
// point at the attribute, puts in the values of vars, and makes the use of an absent optional attribute an
// absentError, except where has() or ?? asks for it.
type rewriter struct {
	scope
	prog     *program
	fault    *expression.Fault
	pointers []*Type // element types of the predicates around
}

func (r *rewriter) fail(n ast.Node, check, text, fix string) ast.Node {
	if r.fault == nil {
		r.fault = &expression.Fault{Check: check, Text: text, Fix: fix, Offset: n.Location().From}
	}
	return n
}

func (r *rewriter) nodes(list []ast.Node) {
	for i := range list {
		list[i] = r.node(list[i])
	}
}

func (r *rewriter) node(n ast.Node) ast.Node {
	if r.fault != nil || n == nil {
		return n
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return r.identifier(n)
	case *ast.MemberNode:
		return r.member(n)
	case *ast.ChainNode:
		n.Node = unwrap(r.node(n.Node))
	case *ast.UnaryNode:
		n.Node = r.node(n.Node)
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.SliceNode:
		n.Node, n.From, n.To = r.node(n.Node), r.node(n.From), r.node(n.To)
	case *ast.CallNode:
		return r.call(n)
	case *ast.BuiltinNode:
		return r.builtin(n)
	case *ast.ConditionalNode:
		n.Cond, n.Exp1, n.Exp2 = r.node(n.Cond), r.node(n.Exp1), r.node(n.Exp2)
	case *ast.ArrayNode:
		r.nodes(n.Nodes)
	case *ast.PredicateNode:
		n.Node = r.node(n.Node)
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
	default: // let, sequences, maps, bytes: they make sizes grow step by step
		return r.fail(n, "bad-expression", "this form of expression is not allowed in rules", "use attributes, operators and the listed functions")
	}
	return n
}

func (r *rewriter) identifier(n *ast.IdentifierNode) ast.Node {
	switch n.Value {
	case "id":
		r.prog.id = true
		return n
	case "it":
		if r.it == nil {
			return r.fail(n, "unknown-attribute", "it is only known under each", "add each: with an expression that gives a list")
		}
		return n
	case "n":
		if !r.number {
			return r.fail(n, "unknown-attribute", "n is only known in a record with number", "add number: {of: …} to the record")
		}
		r.prog.number = true
		return n
	case "vars":
		return r.fail(n, "unknown-var", "vars needs the name of one: vars.suffix", "")
	}
	i, ok := r.kind.index[n.Value]
	if !ok {
		known := []string{"id"}
		for _, a := range r.kind.Attrs {
			known = append(known, a.Name)
		}
		return r.fail(n, "unknown-attribute", fmt.Sprintf("kind %q has no attribute %q", r.kind.Name, n.Value), strictyaml.Nearest(n.Value, known))
	}
	if !slices.Contains(r.prog.attrs, i) {
		r.prog.attrs = append(r.prog.attrs, i)
	}
	if a := r.kind.Attrs[i]; a.Optional && a.Default == nil {
		return wrapAbsent(n, a.Name)
	}
	return n
}

func (r *rewriter) member(n *ast.MemberNode) ast.Node {
	property, constant := n.Property.(*ast.StringNode)
	if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "vars" {
		if !constant {
			return r.fail(n, "unknown-var", "the name of a var must be written out", "")
		}
		value, ok := r.vars[property.Value]
		if !ok {
			return r.fail(n, "unknown-var", fmt.Sprintf("no var %q is configured", property.Value), "add it under vars: in the config; "+
				strictyaml.Nearest(property.Value, slices.Collect(maps.Keys(r.vars))))
		}
		if value == "" {
			return r.fail(n, "unknown-var", fmt.Sprintf("the var %q is empty", property.Value), "set it under vars: in the config")
		}
		text := &ast.StringNode{Value: value}
		text.SetLocation(n.Location())
		return text
	}
	n.Node, n.Property = r.node(n.Node), r.node(n.Property)
	t := r.typeOf(n.Node)
	if t.Base != object || !constant {
		return n
	}
	for _, f := range t.Fields {
		if f.Name == property.Value {
			if f.Optional && f.Default == nil {
				return wrapAbsent(n, "it."+f.Name)
			}
			return n
		}
	}
	known := []string{}
	for _, f := range t.Fields {
		known = append(known, f.Name)
	}
	return r.fail(n.Property, "unknown-attribute", fmt.Sprintf("the list's elements have no field %q", property.Value), strictyaml.Nearest(property.Value, known))
}

func (r *rewriter) binary(n *ast.BinaryNode) ast.Node {
	n.Left, n.Right = r.node(n.Left), r.node(n.Right)
	switch n.Operator {
	case "??":
		n.Left = unwrap(n.Left)
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			return r.fail(n.Right, "variable-pattern", "the pattern of matches must be a constant text", "write the pattern in quotes")
		}
	case "==", "!=":
		r.words(n.Left, n.Right)
		r.words(n.Right, n.Left)
	case "in":
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			r.words(n.Left, list.Nodes...)
		} else if t := r.typeOf(n.Right); t.Base == List && t.Elem != nil {
			r.enumWords(*t.Elem, n.Left)
		}
	}
	return n
}

// words checks constants that are compared with an enum: one that is not among its words is a misspelling.
func (r *rewriter) words(value ast.Node, constants ...ast.Node) {
	r.enumWords(r.typeOf(value), constants...)
}

func (r *rewriter) enumWords(t Type, constants ...ast.Node) {
	for _, c := range constants {
		if text, ok := c.(*ast.StringNode); ok && t.Base == Enum && !slices.Contains(t.Enum, text.Value) {
			r.fail(c, "not-in-enum", strconv.Quote(text.Value)+" is not "+t.String(), strictyaml.Nearest(text.Value, t.Enum))
		}
	}
}

func (r *rewriter) call(n *ast.CallNode) ast.Node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || !slices.Contains(ownFunctions, callee.Value) {
		return r.fail(n, "unknown-function", "unknown function "+n.Callee.String(), strictyaml.Nearest(n.Callee.String(), functionNames()))
	}
	r.nodes(n.Arguments)
	if callee.Value != "has" || r.fault != nil {
		return n
	}
	if len(n.Arguments) != 1 {
		return r.fail(n, "bad-expression", "has takes one attribute", "")
	}
	return located(&ast.BinaryNode{Operator: "!=", Left: unwrap(n.Arguments[0]), Right: &ast.NilNode{}}, n)
}

func (r *rewriter) builtin(n *ast.BuiltinNode) ast.Node {
	if !slices.Contains(expression.Builtins, n.Name) {
		return r.fail(n, "unknown-function", "unknown function "+n.Name, "")
	}
	if len(r.pointers) > 0 && (n.Name == "uniq" || n.Name == "sort") {
		return r.fail(n, "nested-predicate", n.Name+" inside a predicate costs the product of both lists", "split the record with each")
	}
	for i, arg := range n.Arguments {
		if predicate, ok := arg.(*ast.PredicateNode); ok {
			if len(r.pointers) > 0 {
				return r.fail(predicate, "nested-predicate", "a predicate inside a predicate costs the product of both lists", "split the record with each")
			}
			var elem *Type
			if t := r.typeOf(n.Arguments[0]); t.Base == List {
				elem = t.Elem
			}
			r.pointers = append(r.pointers, elem)
			n.Arguments[i] = r.node(predicate)
			r.pointers = r.pointers[:len(r.pointers)-1]
			continue
		}
		n.Arguments[i] = r.node(arg)
	}
	return n
}

// wrapAbsent makes the use of an attribute that is not there an absentError: n != nil ? n : __absent("attr").
func wrapAbsent(n ast.Node, attr string) ast.Node {
	same := n
	switch n := n.(type) {
	case *ast.IdentifierNode:
		same = located(&ast.IdentifierNode{Value: n.Value}, n)
	case *ast.MemberNode:
		var base ast.Node
		switch b := n.Node.(type) {
		case *ast.IdentifierNode:
			base = located(&ast.IdentifierNode{Value: b.Value}, b)
		case *ast.PointerNode:
			base = located(&ast.PointerNode{Name: b.Name}, b)
		default:
			return n // an absent value is met as nil where it is used
		}
		same = located(&ast.MemberNode{Node: base, Property: n.Property, Optional: n.Optional}, n)
	}
	absent := located(&ast.CallNode{Callee: located(&ast.IdentifierNode{Value: absentFunction}, n), Arguments: []ast.Node{&ast.StringNode{Value: attr}}}, n)
	present := located(&ast.BinaryNode{Operator: "!=", Left: same, Right: &ast.NilNode{}}, n)
	return located(&ast.ConditionalNode{Ternary: true, Cond: present, Exp1: n, Exp2: absent}, n)
}

// unwrap undoes wrapAbsent.
func unwrap(n ast.Node) ast.Node {
	if c, ok := n.(*ast.ConditionalNode); ok {
		if call, ok := c.Exp2.(*ast.CallNode); ok {
			if callee, ok := call.Callee.(*ast.IdentifierNode); ok && callee.Value == absentFunction {
				return c.Exp1
			}
		}
	}
	return n
}

func located(n, at ast.Node) ast.Node {
	n.SetLocation(at.Location())
	return n
}
