// Package expression is what the expressions of rules and of policies share: how one is compiled, its bounds, and the functions that
// are the same on every machine. What an expression can name is its user's.
package expression

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
)

// Builtins of the expression language that are kept: bounded in time and space, and the same on every machine.
var Builtins = []string{
	"all", "any", "none", "one", "filter", "map", "count", "find", "len", "first", "last", "min", "max", "abs",
	"int", "string", "lower", "upper", "trim", "trimPrefix", "trimSuffix", "hasPrefix", "hasSuffix", "sort", "uniq",
}

// Own functions of every expression.
var Own = []string{"reverse", "hash", "replace", "split", "join"}

// MaxList bounds a list that an expression makes, in elements.
const MaxList = 1000

// MaxResult bounds a function's text, in octets: what goes into a record is never longer.
const MaxResult = 64 << 10

// ErrTooLong is a text beyond MaxResult.
var ErrTooLong = errors.New("the text becomes longer than 64 KiB")

// Functions are those of Own.
func Functions() []expr.Option {
	text := reflect.TypeFor[func(string) string]()
	return []expr.Option{
		Function("reverse", text, func(a []any) (any, error) {
			s, err := Reverse(a[0].(string))
			return s, err
		}),
		Function("hash", text, func(a []any) (any, error) { return hashText(a[0].(string)), nil }),
		Function("replace", reflect.TypeFor[func(string, string, string) string](), func(a []any) (any, error) {
			return replaceText(a[0].(string), a[1].(string), a[2].(string))
		}),
		Function("split", reflect.TypeFor[func(string, string) []string](), func(a []any) (any, error) {
			return splitText(a[0].(string), a[1].(string))
		}),
		Function("join", reflect.TypeFor[func([]any, string) string](), func(a []any) (any, error) {
			return joinTexts(a[0], a[1].(string))
		}, reflect.TypeFor[func([]string, string) string]()),
	}
}

// Function makes f a function of expressions, of type t; more are other types that it may have.
func Function(name string, t reflect.Type, f func([]any) (any, error), more ...reflect.Type) expr.Option {
	samples := []any{reflect.New(t).Interface()}
	for _, t := range more {
		samples = append(samples, reflect.New(t).Interface())
	}
	return expr.Function(name, func(params ...any) (any, error) { return f(params) }, samples...)
}

// Reverse gives the owner name of an address's PTR record (RFC 1035 3.5, RFC 3596 2.5).
func Reverse(text string) (string, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return "", fmt.Errorf("reverse: %.80q is no address", text)
	}
	return string(AppendReverse(make([]byte, 0, 74), addr)), nil
}

// AppendReverse adds the name that Reverse gives to b.
func AppendReverse(b []byte, addr netip.Addr) []byte {
	if addr.Is4() {
		o := addr.As4()
		for i := 3; i >= 0; i-- {
			b = append(appendUint(b, o[i]), '.')
		}
		return append(b, "in-addr.arpa."...)
	}
	const digits = "0123456789abcdef"
	o := addr.As16()
	for i := 15; i >= 0; i-- {
		b = append(b, digits[o[i]&15], '.', digits[o[i]>>4], '.')
	}
	return append(b, "ip6.arpa."...)
}

func appendUint(b []byte, v byte) []byte {
	if v >= 100 {
		b = append(b, '0'+v/100)
	}
	if v >= 10 {
		b = append(b, '0'+v/10%10)
	}
	return append(b, '0'+v%10)
}

// hashText is a short stable label for any text.
func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

func replaceText(text, old, by string) (string, error) {
	if old == "" {
		return "", errors.New("replace: the text to replace is empty")
	}
	if len(text)+strings.Count(text, old)*(len(by)-len(old)) > MaxResult {
		return "", ErrTooLong
	}
	return strings.ReplaceAll(text, old, by), nil
}

func splitText(text, at string) ([]string, error) {
	if at == "" || strings.Count(text, at) >= MaxList {
		return nil, fmt.Errorf("split: needs a separator and gives at most %d parts", MaxList)
	}
	return strings.Split(text, at), nil
}

func joinTexts(list any, glue string) (string, error) {
	parts, err := texts(list)
	if err != nil {
		return "", err
	}
	size := 0
	for _, p := range parts {
		if size += len(p) + len(glue); size > MaxResult {
			return "", ErrTooLong
		}
	}
	return strings.Join(parts, glue), nil
}

func texts(list any) ([]string, error) {
	switch l := list.(type) {
	case []string:
		return l, nil
	case []any:
		parts := make([]string, len(l))
		for i, v := range l {
			s, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("join: element %d is no text", i+1)
			}
			parts[i] = s
		}
		return parts, nil
	}
	return nil, errors.New("join: not a list")
}
