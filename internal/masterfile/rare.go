package masterfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// miekg gives a parser of one entry, with what holds there. Two line ends follow, because miekg/dns takes a record
// without data for a dynamic update's at the end of a file, and for an error elsewhere.
func (f *frame) miekg(text []byte, hasTTL bool, ttl uint32) *dns.ZoneParser {
	parser := dns.NewZoneParser(bytes.NewReader(append(slices.Clip(spaced(text)), "\n\n"...)), f.originName(), f.path)
	if hasTTL {
		parser.SetDefaultTTL(ttl)
	}
	return parser
}

func (f *frame) originName() string {
	if f.origin == nil {
		return ""
	}
	return zone.Name(f.origin).String()
}

// rare reads an entry by miekg/dns.
func (p *parser) rare(f *frame, text []byte) {
	if bytes.IndexByte(text, '\\') >= 0 {
		if err := zone.CheckEscapes(withoutComments(string(text))); err != nil {
			if begins(text) {
				f.recover(text)
			}
			p.problem(f, zone.Problem{Check: badSyntax, Text: err.Error()})
			return
		}
	}
	var list []dns.RR
	parser := f.miekg(text, f.hasTTL, f.ttl)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		list = append(list, rr)
	}
	if err := parser.Err(); err != nil {
		if begins(text) {
			f.recover(text)
			p.syntax(f, text, err)
		} else if !f.lost {
			p.syntax(f, text, err)
		}
		return
	}
	if len(list) == 0 {
		return
	}
	if ttl := list[0].Header().Ttl; !f.directive {
		// A TTL that stays when the default is another one was stated, and is the default from here (RFC 1035 5.1).
		if again, ok := f.miekg(text, true, ttl^1).Next(); ok && again.Header().Ttl == ttl {
			f.ttl, f.hasTTL = ttl, true
		}
	}
	for _, rr := range list {
		p.rr(f, rr, text)
	}
}

// begins tells whether an entry has an owner of its own.
func begins(text []byte) bool { return len(text) > 0 && kind[text[0]] != blank }

// recover takes the owner of an entry that is wrong further on, for the entries after it.
func (f *frame) recover(text []byte) {
	owner, _, _ := bytes.Cut(text, []byte{'\n'})
	if i := bytes.IndexAny(owner, " \t"); i >= 0 {
		owner = owner[:i]
	}
	f.lost, f.ownerText = true, nil
	rr, ok := f.miekg(append(bytes.Clone(owner), probe...), false, 0).Next()
	if !ok {
		return
	}
	if name, err := zone.ParseName(rr.Header().Name); err == nil {
		f.owner, f.lost = []byte(name), false
	}
}

// probe makes a record of an owner name.
const probe = " 0 A 192.0.2.1\n"

func (p *parser) rr(f *frame, rr dns.RR, text []byte) {
	h := rr.Header()
	switch {
	case h.Name != "":
		f.ownerText, f.lost = nil, false
		name, err := zone.ParseName(h.Name)
		if err != nil {
			f.lost = true
			p.problem(f, zone.Problem{Check: badRecord, Text: err.Error()})
			return
		}
		f.owner = append(f.owner[:0], name...)
	case f.lost:
		return // told already
	case f.owner == nil:
		p.problem(f, zone.Problem{Check: badRecord, Text: "no owner name, and none before"})
		return
	}
	h.Name = "." // to be packed it must have one, any
	data, err := rdata(rr, text)
	if err != nil {
		p.problem(f, zone.Problem{Check: badRecord, Name: zone.Name(f.owner).String(), Text: err.Error()})
		return
	}
	p.data = append(p.data[:0], data...)
	p.rec.Name, p.rec.Type, p.rec.TTL, p.rec.Data = f.owner, zone.Type(h.Rrtype), h.Ttl, p.data
	p.emit(f)
}

func rdata(rr dns.RR, text []byte) (zone.Rdata, error) {
	h := rr.Header()
	if h.Class != dns.ClassINET {
		return "", fmt.Errorf("class %s: only IN is served", dns.Class(h.Class))
	}
	if h.Ttl > zone.MaxTTL {
		return "", fmt.Errorf("TTL %d: at most %d (RFC 2181 8)", h.Ttl, zone.MaxTTL)
	}
	return zone.RdataRead(rr, string(text))
}

// parseError is how miekg/dns prints a place: it does not export it.
var parseError = regexp.MustCompile(`^(?:.*: )?dns: (.*) at line: (\d+):(\d+)$`)

// syntax reports what miekg/dns says of the entry: its lines count from the entry's first.
func (p *parser) syntax(f *frame, text []byte, err error) {
	problem := zone.Problem{Check: badSyntax, Text: cut(err.Error())}
	var parse *dns.ParseError
	if m := parseError.FindStringSubmatch(err.Error()); m != nil && errors.As(err, &parse) {
		var whole bool
		problem.Text, whole = inWords(m[1], text)
		if line, err := strconv.Atoi(m[2]); err == nil && !f.generated && !whole {
			lines := bytes.Count(bytes.TrimSuffix(text, []byte{'\n'}), []byte{'\n'}) + 1
			problem.Line = f.line + min(line, lines) - 1
			problem.Column, _ = strconv.Atoi(m[3])
		}
	}
	if f.origin == nil && strings.Contains(problem.Text, "name") {
		problem.Fix = "no $ORIGIN says yet what names are relative to: name the zone with --origin"
	}
	p.problem(f, problem)
}
