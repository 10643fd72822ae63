package masterfile

import (
	"slices"

	"zonecast/internal/zone"
)

// The kinds of octets. What is not plain or blank ends the common form.
const (
	special = iota // quotes, parentheses, escapes, comments, what is not printable ASCII
	blank
	plain
)

var kind = kinds()

func kinds() (k [256]uint8) {
	for c := '!'; c <= '~'; c++ {
		k[c] = plain
	}
	for _, c := range `"();\` {
		k[c] = special
	}
	k[' '], k['\t'] = blank, blank
	return k
}

// scan reads the fields of a line.
type scan struct {
	line   []byte
	at     int
	origin []byte
}

func (s *scan) blanks() {
	for s.at < len(s.line) && kind[s.line[s.at]] == blank {
		s.at++
	}
}

// word gives the length of the plain octets here.
func (s *scan) word() int {
	i := s.at
	for i < len(s.line) && kind[s.line[i]] == plain {
		i++
	}
	return i - s.at
}

// end tells whether only blanks, and perhaps a comment after one, are left.
func (s *scan) end() bool {
	before := s.at
	s.blanks()
	return s.at == len(s.line) || s.line[s.at] == ';' && s.at > before
}

// closed tells whether a field ends here.
func (s *scan) closed() bool { return s.at == len(s.line) || kind[s.line[s.at]] == blank }

func (s *scan) number(limit uint32) (uint32, bool) {
	n, from := uint64(0), s.at
	for ; s.at < len(s.line) && s.at-from < 10; s.at++ {
		c := s.line[s.at] - '0'
		if c > 9 {
			break
		}
		n = n*10 + uint64(c)
	}
	return uint32(n), s.at > from && n <= uint64(limit) && s.closed() //nolint:gosec // within the limit
}

// nameEnd is more than the longest name: one that reaches it is too long.
const nameEnd = zone.MaxName + 1

// name reads a name and appends its wire form in lower case to dst; nil if it is not in the common form.
func (s *scan) name(dst []byte) []byte {
	first, from := len(dst), s.at
	dst = slices.Grow(dst, nameEnd)
	wire := (*[nameEnd]byte)(dst[first : first+nameEnd])
	label, n := 0, 1 // where the length of the label being read belongs, and the next octet
	i := from
	for ; i < len(s.line); i++ {
		c := folded[s.line[i]]
		if c == '.' {
			size := n - label - 1
			if size == 0 || size > zone.MaxLabel {
				return nil
			}
			wire[label] = byte(size)
			label = n
		} else if c <= blank {
			if c == special {
				return nil
			}
			break
		}
		if n == zone.MaxName {
			return nil
		}
		wire[n] = c // the place of a length holds the dot until the label is read
		n++
	}
	s.at = i
	size := n - label - 1
	switch {
	case i == from || size > zone.MaxLabel:
		return nil
	case size == 0: // absolute: the last length is the root's
		wire[label] = 0
		return dst[:first+n]
	case s.origin == nil:
		return nil
	case i == from+1 && s.line[from] == '@':
		return append(dst[:first], s.origin...)
	case n+len(s.origin) > zone.MaxName:
		return nil
	}
	wire[label] = byte(size)
	return append(dst[:first+n], s.origin...)
}

// folded is the lower case of plain octets, and the kind of the others.
var folded = foldedOctets()

func foldedOctets() (f [256]uint8) {
	for c, k := range kinds() {
		switch {
		case k != plain:
			f[c] = k
		case 'A' <= c && c <= 'Z':
			f[c] = uint8(c) + 'a' - 'A' //nolint:gosec // a letter
		default:
			f[c] = uint8(c) //nolint:gosec // an octet
		}
	}
	return f
}

// ipv4 reads four decimal numbers without leading zeros.
func (s *scan) ipv4(dst []byte) []byte {
	for part := range 4 {
		if part > 0 {
			if s.at == len(s.line) || s.line[s.at] != '.' {
				return nil
			}
			s.at++
		}
		n, from := 0, s.at
		for ; s.at < len(s.line) && s.at-from < 3; s.at++ {
			c := int(s.line[s.at]) - '0'
			if c < 0 || c > 9 {
				break
			}
			n = n*10 + c
		}
		if s.at == from || n > 255 || s.at > from+1 && s.line[from] == '0' {
			return nil
		}
		dst = append(dst, byte(n))
	}
	if !s.closed() {
		return nil
	}
	return dst
}

// ipv6 reads groups of hexadecimal digits, with one gap or none.
func (s *scan) ipv6(dst []byte) []byte {
	first, gap := len(dst), -1
	if s.at+1 < len(s.line) && s.line[s.at] == ':' && s.line[s.at+1] == ':' {
		gap = first
		s.at += 2
	}
	for !s.closed() {
		n, from := 0, s.at
		for ; s.at < len(s.line) && s.at-from < 4; s.at++ {
			c := hex[s.line[s.at]]
			if c == 0 {
				break
			}
			n = n<<4 | int(c-1)
		}
		if s.at == from || len(dst)-first == 16 {
			return nil
		}
		dst = append(dst, byte(n>>8), byte(n))
		if s.closed() {
			break
		}
		if s.line[s.at] != ':' {
			return nil
		}
		s.at++
		if s.at < len(s.line) && s.line[s.at] == ':' {
			if gap >= 0 {
				return nil
			}
			gap = len(dst)
			s.at++
		} else if s.closed() {
			return nil
		}
	}
	size := len(dst) - first
	if gap < 0 {
		if size != 16 {
			return nil
		}
		return dst
	}
	if size >= 16 {
		return nil
	}
	var zeros [16]byte
	tail := size - (gap - first)
	dst = append(dst, zeros[:16-size]...)
	copy(dst[len(dst)-tail:], dst[gap:gap+tail])
	clear(dst[gap : len(dst)-tail])
	return dst
}

// hex is the value of each hexadecimal digit and one.
var hex = hexDigits()

func hexDigits() (h [256]uint8) {
	for i, c := range "0123456789abcdef" {
		h[c] = uint8(i) + 1 //nolint:gosec // sixteen
	}
	for i, c := range "ABCDEF" {
		h[c] = uint8(i) + 11 //nolint:gosec // sixteen
	}
	return h
}

// texts reads character strings (RFC 1035 3.3.14) of at most 255 octets that are all in quotes, or a single one without.
func (s *scan) texts(dst []byte) []byte {
	if size := s.word(); size > 0 {
		if size > 255 {
			return nil
		}
		dst = append(append(dst, byte(size)), s.line[s.at:s.at+size]...)
		if s.at += size; !s.closed() {
			return nil
		}
		return dst
	}
	for s.at < len(s.line) && s.line[s.at] == '"' {
		s.at++
		from := s.at
		for s.at < len(s.line) && s.line[s.at] != '"' {
			if c := s.line[s.at]; c == '\\' || c < ' ' || c > '~' {
				return nil
			}
			s.at++
		}
		if s.at == len(s.line) || s.at-from > 255 {
			return nil
		}
		dst = append(append(dst, byte(s.at-from)), s.line[from:s.at]...)
		if s.at++; !s.closed() {
			return nil
		}
		if next := *s; next.end() {
			return dst
		}
		s.blanks()
	}
	return nil
}
