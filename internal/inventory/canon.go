package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Canonical writes attributes as JSON with sorted keys, no white space and one spelling for each value: the same
// content gives the same octets (P1). Deeper than MaxDepth or longer than MaxAttrs is an error.
func Canonical(attrs map[string]any) ([]byte, error) {
	b, err := appendValue(nil, attrs, 0)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxAttrs {
		return nil, fmt.Errorf("attributes of %d octets; at most %d", len(b), MaxAttrs)
	}
	return b, nil
}

func appendValue(b []byte, v any, depth int) (_ []byte, err error) {
	if depth > MaxDepth {
		return nil, errDepth
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64), nil
	case string:
		return appendText(b, v), nil
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendValue(b, item, depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		b = append(b, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, key), ':')
			if b, err = appendValue(b, v[key], depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return nil, fmt.Errorf("attribute value of type %T", v)
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// Attrs reads what Canonical wrote.
func Attrs(canonical []byte) (map[string]any, error) {
	v, err := ParseJSON(canonical)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("attributes are no object")
	}
	return m, nil
}
