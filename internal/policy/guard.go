package policy

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// implied tells what a condition proves where it is true, or where it is false: that there was something before, or that there
// is something afterwards. By it `old.ttl` is known to be there before a rule is ever asked, and not found missing at night.
func implied(n ast.Node, truth bool) side {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return implied(n.Node, !truth)
		}
	case *ast.BoolNode:
		if n.Value != truth { // never so
			return hasOld | hasNew
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			if truth {
				return implied(n.Left, true) | implied(n.Right, true)
			}
			return implied(n.Left, false) & implied(n.Right, false)
		case "or", "||":
			if truth {
				return implied(n.Left, true) & implied(n.Right, true)
			}
			return implied(n.Left, false) | implied(n.Right, false)
		case "==", "!=", "in":
			return compared(n, truth)
		}
	}
	return 0
}

// sideAsked tells whether n compares old or new with nil.
func sideAsked(n *ast.BinaryNode) (name string, ok bool) {
	if n.Operator != "==" && n.Operator != "!=" {
		return "", false
	}
	for _, pair := range [][2]ast.Node{{n.Left, n.Right}, {n.Right, n.Left}} {
		id, named := pair[0].(*ast.IdentifierNode)
		_, null := pair[1].(*ast.NilNode)
		if named && null && (id.Value == "old" || id.Value == "new") {
			return id.Value, true
		}
	}
	return "", false
}

// compared reads old != nil, and comparisons of change with words.
func compared(n *ast.BinaryNode, truth bool) side {
	if name, ok := sideAsked(n); ok {
		switch {
		case (n.Operator == "!=") != truth:
			return 0
		case name == "old":
			return hasOld
		}
		return hasNew
	}
	words, ok := changeWords(n)
	if !ok {
		return 0
	}
	if n.Operator == "!=" {
		truth = !truth
	}
	proved := hasOld | hasNew
	for kind, has := range map[string]side{Created: hasNew, Deleted: hasOld, Changed: hasOld | hasNew, Kept: hasOld | hasNew} {
		if slices.Contains(words, kind) == truth { // it may be this one
			proved &= has
		}
	}
	return proved
}

// changeWords are the words that change is compared with.
func changeWords(n *ast.BinaryNode) (words []string, ok bool) {
	is := func(n ast.Node) bool {
		id, ok := n.(*ast.IdentifierNode)
		return ok && id.Value == "change"
	}
	list := []ast.Node{n.Right}
	switch array, many := n.Right.(*ast.ArrayNode); {
	case n.Operator == "in" && many && is(n.Left):
		list = array.Nodes
	case n.Operator == "in":
		return nil, false
	case is(n.Right):
		list[0] = n.Left
	case !is(n.Left):
		return nil, false
	}
	for _, item := range list {
		text, constant := item.(*ast.StringNode)
		if !constant {
			return nil, false
		}
		words = append(words, text.Value)
	}
	return words, true
}

// mentions tells whether an expression names a field.
func mentions(n ast.Node, name string) bool {
	m := &mention{name: name}
	ast.Walk(&n, m)
	return m.found
}

type mention struct {
	name  string
	found bool
}

// Visit is ast.Visitor's.
func (m *mention) Visit(n *ast.Node) {
	if id, ok := (*n).(*ast.IdentifierNode); ok && id.Value == m.name {
		m.found = true
	}
}
