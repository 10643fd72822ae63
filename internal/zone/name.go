// Package zone is the vocabulary that every stage shares: owner names, types, RRsets and problems.
// It knows DNS and nothing of tables, files or networks.
package zone

import (
	"errors"
	"fmt"
	"strings"
)

// Name is an absolute domain name in lower-case, uncompressed wire form (RFC 1035 3.1): length-prefixed
// labels and the root's zero octet. It is comparable, so it serves as a map key; the zero value is no name.
// Use ParseName to make one from text and String to print it.
type Name string

// Root is the name of the root zone.
const Root Name = "\x00"

// Limits of RFC 1035 2.3.4, in octets.
const (
	MaxName  = 255
	MaxLabel = 63
)

// Errors of name parsing; ParseName wraps them with the text at fault.
var (
	ErrNoFinalDot   = errors.New("not an absolute name: the final dot is missing")
	ErrNameTooLong  = errors.New("name is longer than 255 octets")
	ErrLabelTooLong = errors.New("label is longer than 63 octets")
	ErrEmptyLabel   = errors.New("empty label")
	ErrBadEscape    = errors.New(`bad escape: use \DDD (000-255) or \ before the character`)
	ErrBadWire      = errors.New("malformed name in wire form")
)

// ParseName reads an absolute name in presentation form (RFC 1035 5.1), with its final dot.
func ParseName(text string) (Name, error) { return ParseNameIn(text, "") }

// ParseNameIn reads a name in presentation form; a name without a final dot is relative to origin, "@" is
// origin itself. With an empty origin a relative name is ErrNoFinalDot.
func ParseNameIn(text string, origin Name) (Name, error) {
	if text == "@" && origin != "" {
		return origin, nil
	}
	var wire [MaxName + 1]byte
	n, err := appendLabels(wire[:0], text, origin)
	if err != nil {
		return "", fmt.Errorf("%.300q: %w", text, err)
	}
	return Name(n), nil
}

func appendLabels(wire []byte, text string, origin Name) ([]byte, error) {
	if text == "" {
		return nil, ErrEmptyLabel
	}
	if text == "." {
		return append(wire, 0), nil
	}
	start := len(wire) // of the label being read
	wire = append(wire, 0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.':
			size := len(wire) - start - 1
			if size == 0 {
				return nil, ErrEmptyLabel
			}
			wire[start] = byte(size)
			start = len(wire)
			wire = append(wire, 0)
			if i == len(text)-1 {
				return checkLength(wire)
			}
			continue
		case c == '\\':
			var ok bool
			if c, i, ok = unescape(text, i); !ok {
				return nil, ErrBadEscape
			}
		}
		wire = append(wire, lower(c))
		if len(wire)-start-1 > MaxLabel {
			return nil, ErrLabelTooLong
		}
		if len(wire) > MaxName {
			return nil, ErrNameTooLong
		}
	}
	if origin == "" {
		return nil, ErrNoFinalDot
	}
	wire[start] = byte(len(wire) - start - 1)
	return checkLength(append(wire, origin...))
}

func checkLength(wire []byte) ([]byte, error) {
	if len(wire) > MaxName {
		return nil, ErrNameTooLong
	}
	return wire, nil
}

// unescape reads the escape at text[i] and returns its octet and the index of its last character.
func unescape(text string, i int) (octet byte, last int, ok bool) {
	if i+1 >= len(text) {
		return 0, 0, false
	}
	if !digit(text[i+1]) {
		return text[i+1], i + 1, true
	}
	if i+3 >= len(text) || !digit(text[i+2]) || !digit(text[i+3]) {
		return 0, 0, false
	}
	v := int(text[i+1]-'0')*100 + int(text[i+2]-'0')*10 + int(text[i+3]-'0')
	return byte(v), i + 3, v <= 255
}

// CheckEscapes holds the escapes of text in presentation form to RFC 1035 5.1: ErrBadEscape is one of fewer than three
// digits, or above 255. (miekg/dns reads them as something else.)
func CheckEscapes(text string) error {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		_, last, ok := unescape(text, i)
		if !ok {
			return fmt.Errorf("%q: %w", text[i:min(i+4, len(text))], ErrBadEscape)
		}
		i = last
	}
	return nil
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// NameFromWire reads an uncompressed name at the start of b and returns it with the octets it took.
// Compression pointers are ErrBadWire: stored data never has them.
func NameFromWire(b []byte) (Name, int, error) {
	var wire [MaxName]byte
	for i := 0; i < len(b) && i < MaxName; {
		size := int(b[i])
		end := i + 1 + size
		if size > MaxLabel || end > len(b) || end > MaxName {
			return "", 0, ErrBadWire
		}
		wire[i] = b[i]
		for j := i + 1; j < end; j++ {
			wire[j] = lower(b[j])
		}
		if i = end; size == 0 {
			return Name(wire[:end]), end, nil
		}
	}
	return "", 0, ErrBadWire
}

// String gives the canonical presentation form, with the final dot; octets outside printable ASCII become \DDD.
func (n Name) String() string {
	if n == "" {
		return ""
	}
	if n == Root {
		return "."
	}
	var b strings.Builder
	b.Grow(len(n) + 8)
	for rest := n; len(rest) > 1; {
		size := int(rest[0])
		for _, c := range []byte(rest[1 : 1+size]) {
			escapeTo(&b, c)
		}
		b.WriteByte('.')
		rest = rest[1+size:]
	}
	return b.String()
}

func escapeTo(b *strings.Builder, c byte) {
	switch {
	case strings.IndexByte(`. '@;()"\$`, c) >= 0:
		b.WriteByte('\\')
		b.WriteByte(c)
	case c < '!' || c > '~':
		fmt.Fprintf(b, `\%03d`, c)
	default:
		b.WriteByte(c)
	}
}

// MarshalText and UnmarshalText carry names through JSON in presentation form.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote; an empty text is the zero Name.
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = ""
		return nil
	}
	name, err := ParseName(string(text))
	*n = name
	return err
}

// Parent is the name without its first label; the root's parent is "".
func (n Name) Parent() Name {
	if len(n) <= 1 {
		return ""
	}
	return n[1+int(n[0]):]
}

// Label is the first label's octets, unescaped; "" for the root.
func (n Name) Label() string {
	if len(n) <= 1 {
		return ""
	}
	return string(n[1 : 1+int(n[0])])
}

// Child puts a label of 1 to 63 octets in front.
func (n Name) Child(label string) (Name, error) {
	switch {
	case label == "":
		return "", ErrEmptyLabel
	case len(label) > MaxLabel:
		return "", ErrLabelTooLong
	case 1+len(label)+len(n) > MaxName:
		return "", ErrNameTooLong
	}
	wire := make([]byte, 0, 1+len(label)+len(n))
	wire = append(wire, byte(len(label)))
	for i := range len(label) {
		wire = append(wire, lower(label[i]))
	}
	return Name(append(wire, n...)), nil
}

// Labels counts the labels, the root's not included.
func (n Name) Labels() int {
	count := 0
	for ; len(n) > 1; n = n.Parent() {
		count++
	}
	return count
}

// Under tells whether n is apex or stands below it.
func (n Name) Under(apex Name) bool {
	if apex == "" {
		return false
	}
	for len(n) > len(apex) {
		n = n.Parent()
	}
	return n == apex
}

// IsWildcard tells whether the first label is a lone asterisk (RFC 4592 2.1.1).
func (n Name) IsWildcard() bool { return len(n) > 2 && n[0] == 1 && n[1] == '*' }

// Compare gives the canonical DNS order of RFC 4034 6.1: from the last label to the first.
func (n Name) Compare(o Name) int {
	a, b := n.offsets(), o.offsets()
	for i := 1; i <= a.count && i <= b.count; i++ {
		if c := strings.Compare(a.label(n, a.count-i), b.label(o, b.count-i)); c != 0 {
			return c
		}
	}
	return a.count - b.count
}

type offsets struct {
	at    [128]uint8
	count int
}

func (n Name) offsets() (o offsets) {
	for i := 0; i < len(n) && n[i] != 0; i += 1 + int(n[i]) {
		o.at[o.count] = uint8(i)
		o.count++
	}
	return o
}

func (o *offsets) label(n Name, i int) string {
	at := int(o.at[i])
	return string(n[at+1 : at+1+int(n[at])])
}
