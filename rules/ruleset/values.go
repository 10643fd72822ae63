package ruleset

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zonecast/internal/zone"
)

// scalar checks a decoded JSON value against a scalar type and gives it as expressions see it: string, int or bool.
func (t Type) scalar(raw any) (any, error) {
	switch t.Base {
	case Int, Port:
		return t.number(raw)
	case Bool:
		if b, ok := raw.(bool); ok {
			return b, nil
		}
		return nil, t.mismatch(raw)
	}
	text, ok := raw.(string)
	if !ok {
		return nil, t.mismatch(raw)
	}
	switch t.Base {
	case Label:
		if len(text) == 0 || len(text) > zone.MaxLabel || !labelText(text) {
			return nil, t.mismatch(raw)
		}
	case Name:
		if !nameText(text) {
			return nil, t.mismatch(raw)
		}
	case Enum:
		if !slices.Contains(t.Enum, text) {
			return nil, t.mismatch(raw)
		}
	case IPv4, IPv6:
		return t.address(text, raw)
	default:
		if len(text) > MaxValue || strings.ContainsAny(text, "\n\r\x00") {
			return nil, errors.New("not a string: want one line of at most 4 KiB")
		}
	}
	return raw, nil // the same interface value: no allocation
}

func (t Type) mismatch(raw any) error {
	shown, _ := json.Marshal(raw)
	if len(shown) > 80 {
		shown = append(shown[:80:80], "…"...)
	}
	switch t.Base {
	case Label:
		return fmt.Errorf("%s is not a label: want 1 to 63 letters, digits, hyphens or underscores", shown)
	case Name:
		return fmt.Errorf("%s is not a name: want labels of letters, digits, hyphens or underscores, with dots between them", shown)
	case Port:
		return fmt.Errorf("%s is not a port: want a whole number from 0 to 65535", shown)
	case Int:
		return fmt.Errorf("%s is not an int: want a whole number of 64 bits", shown)
	case Enum:
		return fmt.Errorf("%s is not %s", shown, t)
	case Bool:
		return fmt.Errorf("%s is not a bool: want true or false", shown)
	case String:
		return fmt.Errorf("%s is not a string", shown)
	}
	return fmt.Errorf("%s is not of type %s", shown, t)
}

func (t Type) number(raw any) (any, error) {
	var n int
	switch v := raw.(type) {
	case json.Number:
		i, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			return nil, t.mismatch(raw)
		}
		n = int(i)
	case float64: // a JSON decoder without UseNumber
		if n = int(v); float64(n) != v || v > 1<<53 || v < -1<<53 {
			return nil, t.mismatch(raw)
		}
	case int:
		n = v
	default:
		return nil, t.mismatch(raw)
	}
	if t.Base == Port && (n < 0 || n > 65535) {
		return nil, t.mismatch(raw)
	}
	return n, nil
}

// address checks an address and gives its canonical text (RFC 5952).
func (t Type) address(text string, raw any) (any, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.Is4() != (t.Base == IPv4) {
		return nil, t.mismatch(raw)
	}
	if addr.Is4() {
		return raw, nil // netip takes nothing but the canonical form
	}
	var buf [64]byte
	if canonical := addr.AppendTo(buf[:0]); string(canonical) != text {
		return string(canonical), nil
	}
	return raw, nil
}

// value checks an attribute of any type.
func (t Type) value(raw any) (any, error) {
	if t.Base != List {
		return t.scalar(raw)
	}
	list, ok := raw.([]any)
	switch {
	case !ok:
		return nil, t.mismatch(raw)
	case len(list) > MaxList:
		return nil, fmt.Errorf("the list has %d elements, at most %d are allowed", len(list), MaxList)
	}
	var changed []any // the caller's list is left alone; it is copied only where a value has another form
	for i, element := range list {
		v, err := t.Elem.element(element)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
		if text, ok := element.(string); changed == nil && (!ok || text != v) {
			changed = slices.Clone(list)
		}
		if changed != nil {
			changed[i] = v
		}
	}
	if changed != nil {
		return changed, nil
	}
	return raw, nil
}

// element checks an element of a list. One with fields gives a map that has every field: nil where it is absent.
func (t Type) element(raw any) (any, error) {
	if t.Base != object {
		return t.scalar(raw)
	}
	fields, ok := raw.(map[string]any)
	if !ok {
		return nil, t.mismatch(raw)
	}
	out := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		v, err := f.from(fields)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
		out[f.Name] = v
	}
	return out, nil // unknown fields do not reach expressions
}

var errMissing = errors.New("it is missing")

// from takes the attribute out of what was given: its value, its default, or nil if it may be absent.
func (a Attr) from(given map[string]any) (any, error) {
	raw, ok := given[a.Name]
	switch {
	case ok && raw != nil:
		return a.Type.value(raw)
	case a.Default != nil:
		return a.Default, nil
	case a.Optional:
		return nil, nil
	}
	return nil, errMissing
}

func labelText(s string) bool {
	for i := range len(s) {
		if c := s[i]; !labelOctet[c] {
			return false
		}
	}
	return true
}

var labelOctet = func() (set [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") {
		set[c] = true
	}
	return set
}()

func nameText(s string) bool {
	if len(s) == 0 || len(s) > zone.MaxName {
		return false
	}
	size := 0
	for i := range len(s) {
		switch {
		case s[i] == '.' && size == 0, size > zone.MaxLabel:
			return false
		case s[i] == '.':
			size = 0
		case labelOctet[s[i]]:
			size++
		default:
			return false
		}
	}
	return size <= zone.MaxLabel
}
