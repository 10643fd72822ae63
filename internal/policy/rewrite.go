package policy

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"zonecast/internal/expression"
	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
)

// rewriter walks an expression before it is type-checked: it refuses what is unbounded, unknown or never true, and makes
// fields calls of their functions.
type rewriter struct {
	fault *expression.Fault
	inner bool // inside a predicate
}

func (r *rewriter) fail(n ast.Node, check, text, fix string) ast.Node {
	if r.fault == nil {
		r.fault = &expression.Fault{Check: check, Text: text, Fix: fix, Offset: n.Location().From}
	}
	return n
}

func (r *rewriter) nodes(list []ast.Node, known side) {
	for i := range list {
		list[i] = r.node(list[i], known)
	}
}

// node rewrites an expression that is only asked where what known says is there.
func (r *rewriter) node(n ast.Node, known side) ast.Node {
	if r.fault != nil || n == nil {
		return n
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return r.field(n, n.Value, known)
	case *ast.MemberNode:
		return r.member(n, known)
	case *ast.UnaryNode:
		n.Node = r.node(n.Node, known)
	case *ast.BinaryNode:
		return r.binary(n, known)
	case *ast.SliceNode:
		n.Node, n.From, n.To = r.node(n.Node, known), r.node(n.From, known), r.node(n.To, known)
	case *ast.CallNode:
		return r.call(n, known)
	case *ast.BuiltinNode:
		return r.builtin(n, known)
	case *ast.ConditionalNode:
		yes, no := known|implied(n.Cond, true), known|implied(n.Cond, false)
		n.Cond, n.Exp1, n.Exp2 = r.node(n.Cond, known), r.node(n.Exp1, yes), r.node(n.Exp2, no)
	case *ast.ArrayNode:
		r.nodes(n.Nodes, known)
	case *ast.PredicateNode:
		n.Node = r.node(n.Node, known)
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
	default: // let, sequences, maps, bytes: they make sizes grow step by step; ?. has nothing to stand before
		return r.fail(n, "bad-expression", "this form of expression is not allowed in a policy", "use fields, operators and the listed functions")
	}
	return n
}

// field makes the name of a field a call that gives it.
func (r *rewriter) field(n ast.Node, name string, known side) ast.Node {
	f, ok := fieldIndex[name]
	switch {
	case !ok:
		return r.fail(n, "unknown-field", fmt.Sprintf("a change has no field %q", name), strictyaml.Nearest(name, fieldNames()))
	case name == "old" || name == "new":
		return r.fail(n, "bad-expression", name+" is no value by itself", "ask "+name+" != nil, or name "+name+".ttl or "+name+".values")
	case f.side&^known != 0:
		what, of, other := "old", "created", Created
		if f.side == hasNew {
			what, of, other = "new", "deleted", Deleted
		}
		return r.fail(n, "side-absent", fmt.Sprintf("what is %s has no %s, so %s cannot be asked here", of, what, name),
			fmt.Sprintf("ask first: change != %q and …", other))
	}
	return give(n, name)
}

func give(n ast.Node, name string) ast.Node {
	callee := located(&ast.IdentifierNode{Value: "__" + name}, n)
	return located(&ast.CallNode{Callee: callee, Arguments: []ast.Node{located(&ast.IdentifierNode{Value: judgeVariable}, n)}}, n)
}

func fieldNames() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

func (r *rewriter) member(n *ast.MemberNode, known side) ast.Node {
	if name, ok := sideField(n); ok {
		return r.field(n.Node, name, known)
	}
	n.Node, n.Property = r.node(n.Node, known), r.node(n.Property, known)
	return n
}

// sideField tells whether n is a field of old or new.
func sideField(n *ast.MemberNode) (string, bool) {
	base, ok := n.Node.(*ast.IdentifierNode)
	property, constant := n.Property.(*ast.StringNode)
	if !ok || !constant || base.Value != "old" && base.Value != "new" {
		return "", false
	}
	return base.Value + "." + property.Value, true
}

func (r *rewriter) binary(n *ast.BinaryNode, known side) ast.Node {
	if name, ok := sideAsked(n); ok {
		asked := give(n, name)
		if n.Operator == "==" {
			return located(&ast.UnaryNode{Operator: "not", Node: asked}, n)
		}
		return asked
	}
	switch n.Operator {
	case "and", "&&":
		right := known | implied(n.Left, true)
		n.Left, n.Right = r.node(n.Left, known), r.node(n.Right, right)
		return n
	case "or", "||":
		right := known | implied(n.Left, false)
		n.Left, n.Right = r.node(n.Left, known), r.node(n.Right, right)
		return n
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			return r.fail(n.Right, "variable-pattern", "the pattern of matches must be a constant text", "write the pattern in quotes")
		}
	case "==", "!=":
		r.constants(n.Left, n.Right)
		r.constants(n.Right, n.Left)
	case "in":
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			r.constants(n.Left, list.Nodes...)
		}
	case "??", "..", "|", "**", "^":
		return r.fail(n, "bad-expression", "the operator "+n.Operator+" is not allowed in a policy", "")
	}
	n.Left, n.Right = r.node(n.Left, known), r.node(n.Right, known)
	return n
}

// constants looks at texts that a field is compared with: one that it never is, is a misspelling.
func (r *rewriter) constants(value ast.Node, constants ...ast.Node) {
	id, ok := value.(*ast.IdentifierNode)
	if !ok {
		return
	}
	f := fieldIndex[id.Value]
	for _, c := range constants {
		text, ok := c.(*ast.StringNode)
		switch {
		case !ok || f == nil:
		case f.words != nil && !slices.Contains(f.words, text.Value):
			r.fail(c, "not-in-enum", fmt.Sprintf("%s is never %q", f.name, text.Value), strictyaml.Nearest(text.Value, f.words))
		case f.name == "type":
			if _, ok := zone.ParseType(text.Value); !ok || text.Value != strings.ToUpper(text.Value) {
				r.fail(c, "not-in-enum", fmt.Sprintf("there is no record type %q", text.Value), "write it as in a zone file: MX")
			}
		case f.name == "zone" || f.name == "name":
			r.name(c, text.Value)
		}
	}
}

// name refuses a text that no name is written as.
func (r *rewriter) name(at ast.Node, text string) {
	if n, err := zone.ParseName(text); err != nil {
		r.fail(at, "bad-name", err.Error(), "")
	} else if n.String() != text {
		r.fail(at, "bad-name", fmt.Sprintf("no name is written as %q here", text), "write "+strconv.Quote(n.String()))
	}
}

func (r *rewriter) call(n *ast.CallNode, known side) ast.Node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || !slices.Contains(functionNames(), callee.Value) {
		return r.fail(n, "unknown-function", "unknown function "+n.Callee.String(), strictyaml.Nearest(n.Callee.String(), functionNames()))
	}
	if len(n.Arguments) == 2 && (callee.Value == "within" || callee.Value == "cidr") {
		text, ok := n.Arguments[1].(*ast.StringNode)
		switch {
		case callee.Value == "within" && ok:
			r.name(n.Arguments[1], text.Value)
		case callee.Value == "cidr" && !ok:
			r.fail(n.Arguments[1], "bad-network", "the network of cidr must be written out", "write it in quotes: \"192.0.2.0/24\"")
		case callee.Value == "cidr":
			if p, err := netip.ParsePrefix(text.Value); err != nil || p.Masked() != p {
				r.fail(n.Arguments[1], "bad-network", fmt.Sprintf("%q is no network", text.Value), "write address and length, without host bits: 192.0.2.0/24")
			}
		}
	}
	r.nodes(n.Arguments, known)
	return n
}

func functionNames() []string {
	return slices.Concat(expression.Builtins, expression.Own, ownFunctions)
}

func (r *rewriter) builtin(n *ast.BuiltinNode, known side) ast.Node {
	if !slices.Contains(expression.Builtins, n.Name) {
		return r.fail(n, "unknown-function", "unknown function "+n.Name, "")
	}
	if r.inner && (n.Name == "uniq" || n.Name == "sort") {
		return r.fail(n, "nested-predicate", n.Name+" inside a predicate costs the product of both lists", "")
	}
	for i, arg := range n.Arguments {
		predicate, ok := arg.(*ast.PredicateNode)
		if !ok {
			n.Arguments[i] = r.node(arg, known)
			continue
		}
		if r.inner {
			return r.fail(predicate, "nested-predicate", "a predicate inside a predicate costs the product of both lists", "")
		}
		r.inner = true
		n.Arguments[i] = r.node(predicate, known)
		r.inner = false
	}
	return n
}

func located(n, at ast.Node) ast.Node {
	n.SetLocation(at.Location())
	return n
}

// compiled is an expression that is ready to run.
func compile(source string, want reflect.Kind, known side) (*program, *expression.Fault) {
	env, functions := environment()
	p := &program{}
	code, fault := expression.Compile(source, expression.Options{
		Env: env, Functions: functions, Want: want,
		Rewrite: func(n ast.Node) (ast.Node, *expression.Fault) {
			p.implies = implied(n, true)
			p.entity = mentions(n, "entity")
			r := &rewriter{}
			n = r.node(n, known)
			return n, r.fault
		},
		Checked: func(n ast.Node) { p.result = n.Nature().Kind },
	})
	if fault != nil && strings.Contains(fault.Text, "__") { // the checker speaks of the rewritten text
		fault.Text = strings.NewReplacer("(__judge)", "", "__", "").Replace(fault.Text)
	}
	p.code = code
	return p, fault
}
