package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// The values of attributes are nil, bool, int, float64, string, []any and map[string]any. encoding/json lets
// duplicate keys and invalid UTF-8 pass and makes every number a float, so we read JSON (RFC 8259) ourselves.

var (
	errCutOff = errors.New("not JSON: it ends too early")
	errDepth  = fmt.Errorf("nested deeper than %d", MaxDepth)
	errUTF8   = errors.New("not UTF-8")
)

// ParseJSON reads one JSON value; nothing may follow it.
func ParseJSON(text []byte) (any, error) {
	p := parser{b: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.i < len(p.b) {
		return nil, fmt.Errorf("not JSON: %s after the value", p.here())
	}
	return v, nil
}

type parser struct {
	b []byte
	i int
}

func (p *parser) space() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\t' || p.b[p.i] == '\n' || p.b[p.i] == '\r') {
		p.i++
	}
}

// peek skips white space and gives the next octet, 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.i == len(p.b) {
		return 0
	}
	return p.b[p.i]
}

func (p *parser) here() string {
	if p.i >= len(p.b) {
		return "the end"
	}
	return fmt.Sprintf("%q at octet %d", p.b[p.i], p.i+1)
}

// value reads a value inside depth containers. The line itself and "attrs" are two more than attributes have.
func (p *parser) value(depth int) (any, error) {
	if depth > MaxDepth+2 {
		return nil, errDepth
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return p.text()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	case p.i == len(p.b):
		return nil, errCutOff
	}
	return nil, fmt.Errorf("not JSON: unexpected %s", p.here())
}

func (p *parser) word(w string) error {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return fmt.Errorf("not JSON: unexpected %s", p.here())
	}
	p.i += len(w)
	return nil
}

func (p *parser) object(depth int) (any, error) {
	p.i++
	m := make(map[string]any)
	if p.peek() == '}' {
		p.i++
		return m, nil
	}
	for {
		if p.peek() != '"' {
			return nil, fmt.Errorf("not JSON: a key is wanted, not %s", p.here())
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("duplicate key %.100q", key)
		}
		if p.peek() != ':' {
			return nil, fmt.Errorf("not JSON: a colon is wanted, not %s", p.here())
		}
		p.i++
		if m[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		if more, err := p.more('}'); !more {
			return m, err
		}
	}
}

func (p *parser) list(depth int) (any, error) {
	p.i++
	list := []any{}
	if p.peek() == ']' {
		p.i++
		return list, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if more, err := p.more(']'); !more {
			return list, err
		}
	}
}

// more reads the comma, or the end of a container.
func (p *parser) more(end byte) (bool, error) {
	switch p.peek() {
	case ',':
		p.i++
		return true, nil
	case end:
		p.i++
		return false, nil
	case 0:
		return false, errCutOff
	}
	return false, fmt.Errorf("not JSON: a comma or %q is wanted, not %s", end, p.here())
}

func (p *parser) text() (string, error) {
	start, escaped := p.i, false
	for p.i++; p.i < len(p.b); p.i++ {
		switch c := p.b[p.i]; {
		case c == '\\':
			escaped = true
			p.i++
		case c == '"':
			p.i++
			raw := p.b[start:p.i]
			if !utf8.Valid(raw) {
				return "", errUTF8
			}
			if !escaped {
				return string(raw[1 : len(raw)-1]), nil
			}
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return "", fmt.Errorf("not JSON: bad escape in %.100q", raw)
			}
			return s, nil
		case c < ' ':
			return "", fmt.Errorf("not JSON: a control character in a text, %s", p.here())
		}
	}
	return "", errCutOff
}

func (p *parser) number() (any, error) {
	start := p.i
	for p.i < len(p.b) {
		c := p.b[p.i]
		if c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' && (c < '0' || c > '9') {
			break
		}
		p.i++
	}
	raw := p.b[start:p.i]
	if !json.Valid(raw) {
		return nil, fmt.Errorf("not JSON: bad number %.100q", raw)
	}
	return parseNumber(string(raw))
}

// parseNumber keeps integers whole, however they are spelled (1, 1.0, 1e0), so that equal content is equal.
func parseNumber(raw string) (any, error) {
	if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return int(n), nil
	} else if errors.Is(err, strconv.ErrRange) {
		return nil, fmt.Errorf("number %.100s is out of range: 64 bits", raw)
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, fmt.Errorf("number %.100s is out of range", raw)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 { // above, neighbours would fall together
		return int(f), nil
	}
	return f, nil
}
