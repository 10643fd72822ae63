package policy

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"

	"zonecast/internal/expression"
)

// ownFunctions are those of policies alone, beside expression.Builtins and expression.Own.
var ownFunctions = []string{"within", "cidr", "hours", "days"}

func functions() []expr.Option {
	return []expr.Option{
		expression.Function("within", reflect.TypeFor[func(string, string) bool](), func(a []any) (any, error) {
			return within(a[0].(string), a[1].(string)), nil
		}),
		expression.Function("cidr", reflect.TypeFor[func(string, string) bool](), func(a []any) (any, error) {
			return cidr(a[0].(string), a[1].(string))
		}),
		expression.Function("hours", reflect.TypeFor[func(int) int](), func(a []any) (any, error) { return a[0].(int) * 3600, nil }),
		expression.Function("days", reflect.TypeFor[func(int) int](), func(a []any) (any, error) { return a[0].(int) * 86400, nil }),
	}
}

// within tells whether a name is a zone's apex or below it, label by label. Both are absolute.
func within(name, apex string) bool {
	name, apex = strings.ToLower(name), strings.ToLower(apex)
	head, ok := strings.CutSuffix(name, apex)
	return ok && (head == "" || apex == "." || strings.HasSuffix(head, ".") && !strings.HasSuffix(head, `\.`))
}

// cidr tells whether a text is an address inside a network. Other data (a name, a text) is in none.
func cidr(text, network string) (bool, error) {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return false, fmt.Errorf("cidr: %.80q is no network: write 192.0.2.0/24", network)
	}
	addr, err := netip.ParseAddr(text)
	return err == nil && prefix.Contains(addr), nil
}
