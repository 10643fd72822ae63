package ruleset

import (
	"reflect"
	"slices"

	"github.com/expr-lang/expr"

	"zonecast/internal/expression"
)

// ownFunctions are ours. has is no function: it is worked out when the expression is compiled.
var ownFunctions = append([]string{"has"}, expression.Own...)

// functionNames are all there are.
func functionNames() []string { return slices.Concat(expression.Builtins, ownFunctions) }

// absentError is met when an expression uses an optional attribute that the entity does not have. The record is
// skipped.
type absentError struct{ attr string }

func (e *absentError) Error() string { return "attribute " + e.attr + " is absent" }

const absentFunction = "__absent"

// absent is the function that makes an absentError.
func absent() expr.Option {
	return expression.Function(absentFunction, reflect.TypeFor[func(string) any](), func(a []any) (any, error) {
		return nil, &absentError{a[0].(string)}
	})
}
