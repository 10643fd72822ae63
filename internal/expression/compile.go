package expression

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
	MaxOctets    = 2 << 10
	MaxNodes     = 500
	MemoryBudget = 20_000
)

// Options say what an expression can see and what it must give.
type Options struct {
	Env       types.Map     // the types of everything that it can name
	Functions []expr.Option // beside the Builtins
	Want      reflect.Kind  // of the result; Invalid: any
	// Rewrite sees the tree before it is type-checked, and may refuse it.
	Rewrite func(ast.Node) (ast.Node, *Fault)
	// Checked sees the tree once its types are known; nil for nobody.
	Checked func(ast.Node)
}

// Fault is an error in an expression, with its place as an offset in characters.
type Fault struct {
	Check, Text, Fix string
	Offset           int
}

// Compile checks and compiles an expression.
func Compile(source string, opt Options) (*vm.Program, *Fault) {
	if len(source) > MaxOctets {
		return nil, &Fault{Check: "bad-expression", Text: "the expression is longer than 2 KiB"}
	}
	if strings.TrimSpace(source) == "" {
		return nil, &Fault{Check: "empty-text", Text: "the expression is empty", Fix: "write an expression or leave the key out"}
	}
	config := conf.CreateNew()
	config.MaxNodes = MaxNodes
	for name := range config.Builtins {
		if !slices.Contains(Builtins, name) {
			expr.DisableBuiltin(name)(config)
		}
	}
	expr.Env(opt.Env)(config)
	for _, option := range opt.Functions {
		option(config)
	}
	for name := range config.Disabled {
		delete(config.Builtins, name)
	}
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return nil, faultOf(err)
	}
	var fault *Fault
	if tree.Node, fault = opt.Rewrite(tree.Node); fault != nil {
		return nil, fault
	}
	if opt.Want != reflect.Invalid {
		config.Expect, config.ExpectAny = opt.Want, false // what `any` there is would only fail at night
	}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, faultOf(err)
	}
	if opt.Checked != nil {
		opt.Checked(tree.Node)
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, faultOf(err)
	}
	code, err := compiler.Compile(tree, config)
	if err != nil {
		return nil, faultOf(err)
	}
	return code, nil
}

func faultOf(err error) *Fault {
	f := &Fault{Check: "bad-expression", Text: err.Error()}
	var at *file.Error
	if errors.As(err, &at) {
		f.Text, f.Offset = at.Message, at.From
	}
	f.Text = strings.ReplaceAll(f.Text, "\n", " ")
	if strings.HasPrefix(f.Text, "expected ") || strings.Contains(f.Text, "mismatched type") || strings.Contains(f.Text, "cannot use") {
		f.Check = "expression-type"
	}
	return f
}
