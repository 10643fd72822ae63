package ruleset

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// typeOf gives the type of an expression in terms of kinds: finer than the expression language's own, which knows
// an address or an enum only as text. Base is "" where it is not known.
func (r *rewriter) typeOf(n ast.Node) Type {
	switch n := unwrap(n).(type) {
	case *ast.IdentifierNode:
		if n.Value == "it" && r.it != nil {
			return *r.it
		}
		if a, ok := r.kind.attr(n.Value); ok {
			return a.Type
		}
	case *ast.PointerNode:
		if len(r.pointers) > 0 && n.Name == "" && r.pointers[len(r.pointers)-1] != nil {
			return *r.pointers[len(r.pointers)-1]
		}
	case *ast.ChainNode:
		return r.typeOf(n.Node)
	case *ast.MemberNode:
		return r.typeOfMember(n)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return r.common(n, n.Left, n.Right)
		}
	case *ast.ConditionalNode:
		return r.common(n, n.Exp1, n.Exp2)
	case *ast.BuiltinNode:
		if t, ok := r.typeOfBuiltin(n); ok {
			return t
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value == "reverse" {
			return Type{Base: Name}
		}
	}
	return natureType(n)
}

func (r *rewriter) typeOfMember(n *ast.MemberNode) Type {
	t := r.typeOf(n.Node)
	if t.Base == List {
		return *t.Elem
	}
	if field, ok := n.Property.(*ast.StringNode); ok && t.Base == object {
		for _, f := range t.Fields {
			if f.Name == field.Value {
				return f.Type
			}
		}
	}
	return natureType(n)
}

// common is the type of a choice: that of both sides, or plain text.
func (r *rewriter) common(n, a, b ast.Node) Type {
	ta, tb := r.typeOf(a), r.typeOf(b)
	if reflect.DeepEqual(ta, tb) {
		return ta
	}
	return natureType(n)
}

func (r *rewriter) typeOfBuiltin(n *ast.BuiltinNode) (Type, bool) {
	if len(n.Arguments) == 0 {
		return Type{}, false
	}
	list := r.typeOf(n.Arguments[0])
	if list.Base != List {
		return Type{}, false
	}
	switch n.Name {
	case "filter", "sort", "uniq":
		return list, true
	case "first", "last", "find":
		return *list.Elem, true
	case "map":
		body, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return Type{}, false
		}
		r.pointers = append(r.pointers, list.Elem)
		elem := r.typeOf(body.Node)
		r.pointers = r.pointers[:len(r.pointers)-1]
		return Type{Base: List, Elem: &elem}, true
	}
	return Type{}, false
}

// natureType is what the expression language knows once it has checked the expression.
func natureType(n ast.Node) Type {
	nature := n.Nature()
	switch nature.Kind {
	case reflect.String:
		return Type{Base: String}
	case reflect.Int:
		return Type{Base: Int}
	case reflect.Bool:
		return Type{Base: Bool}
	case reflect.Slice:
		elem := Type{}
		kind := reflect.Invalid
		if nature.Ref != nil {
			kind = nature.Ref.Kind
		} else if nature.Type != nil {
			kind = nature.Type.Elem().Kind()
		}
		switch kind {
		case reflect.String:
			elem.Base = String
		case reflect.Int:
			elem.Base = Int
		case reflect.Bool:
			elem.Base = Bool
		}
		return Type{Base: List, Elem: &elem}
	}
	return Type{}
}
