package zone

import (
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Type is an RR type (RFC 1035 3.2.2). Its text form is the mnemonic, or TYPEnnn (RFC 3597 5).
type Type uint16

// Types that the pipeline treats specially; every other one is carried as it is.
const (
	TypeA     = Type(dns.TypeA)
	TypeNS    = Type(dns.TypeNS)
	TypeCNAME = Type(dns.TypeCNAME)
	TypeSOA   = Type(dns.TypeSOA)
	TypePTR   = Type(dns.TypePTR)
	TypeMX    = Type(dns.TypeMX)
	TypeTXT   = Type(dns.TypeTXT)
	TypeAAAA  = Type(dns.TypeAAAA)
	TypeSRV   = Type(dns.TypeSRV)
	TypeDNAME = Type(dns.TypeDNAME)
	TypeDS    = Type(dns.TypeDS)
)

// ParseType reads a mnemonic (any case) or TYPEnnn.
func ParseType(text string) (Type, bool) {
	text = strings.ToUpper(text)
	if t, ok := dns.StringToType[text]; ok {
		return Type(t), true
	}
	if digits, ok := strings.CutPrefix(text, "TYPE"); ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		return Type(n), err == nil
	}
	return 0, false
}

func (t Type) String() string {
	if s, ok := dns.TypeToString[uint16(t)]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// MarshalText writes the mnemonic.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Type) UnmarshalText(text []byte) error {
	v, ok := ParseType(string(text))
	if !ok {
		return &UnknownTypeError{string(text)}
	}
	*t = v
	return nil
}

// UnknownTypeError names a text that is no RR type.
type UnknownTypeError struct{ Text string }

func (e *UnknownTypeError) Error() string { return "unknown record type " + strconv.Quote(e.Text) }

// MaxTTL is the largest TTL, in seconds (RFC 2181 8).
const MaxTTL = 1<<31 - 1

// RRset is all records of one type at one owner name: one TTL (RFC 2181 5.2) and a set of rdata.
// Data is in canonical order without repeats once Normalize has run; every package past the parser relies on it.
type RRset struct {
	Type   Type     `json:"type"`
	TTL    uint32   `json:"ttl"`              // seconds, at most MaxTTL
	Rotate Rotation `json:"rotate,omitempty"` // in which order a proxy gives the data
	Data   []Rdata  `json:"data"`
}

// Normalize sorts the rdata as octet strings (RFC 4034 6.3) and drops repeats.
func (s *RRset) Normalize() {
	slices.Sort(s.Data)
	s.Data = slices.Compact(s.Data)
}

// Equal compares type, TTL, rotation and rdata of normalized sets.
func (s RRset) Equal(o RRset) bool {
	return s.Type == o.Type && s.TTL == o.TTL && s.Rotate == o.Rotate && slices.Equal(s.Data, o.Data)
}

// Union adds o's rdata to s; the smaller TTL wins (DESIGN, rules), and the stronger rotation. Types must be the same.
func (s RRset) Union(o RRset) RRset {
	u := RRset{Type: s.Type, TTL: min(s.TTL, o.TTL), Rotate: max(s.Rotate, o.Rotate), Data: slices.Concat(s.Data, o.Data)}
	u.Normalize()
	return u
}

// SetsEqual compares two normalized lists of RRsets, each sorted by type.
func SetsEqual(a, b []RRset) bool { return slices.EqualFunc(a, b, RRset.Equal) }

// SortSets puts RRsets in order of type number.
func SortSets(sets []RRset) {
	slices.SortFunc(sets, func(a, b RRset) int { return int(a.Type) - int(b.Type) })
}

// FindSet gives the set of one type.
func FindSet(sets []RRset, t Type) (RRset, bool) {
	for _, s := range sets {
		if s.Type == t {
			return s, true
		}
	}
	return RRset{}, false
}
