package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"zonecast/internal/zone"
)

// Default times of tinydns-data, in seconds (cr.yp.to/djbdns/tinydns-data.html).
const (
	tinyNS    = 259200
	tinyOther = 86400
	tinySOA   = 2560
)

// taiAhead is what TAI64 counted more than Unix time in 1970, as djbdns has it, in seconds.
const taiAhead = 10

// tinyLine bounds a line (P9): a TXT of the largest data, each octet escaped, and a name.
const tinyLine = 512 << 10

var (
	errLocation = errors.New("the record is for clients in one location: everybody gets the same answers here")
	errFields   = errors.New("the line has too few fields")
	errOver     = errors.New("the line's time is over")
)

// TinyDNS reads data for tinydns-data: the lines of djbdns (. & = + @ ' ^ C Z : # - and % of locations), and 3, 6, S and N that common patches add. now
// decides about records with a time stamp.
func (r *Reading) TinyDNS(in io.Reader, name string, now time.Time) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), tinyLine)
	at := Place{File: name}
	for lines.Scan() {
		at.Line++
		line := bytes.TrimRight(lines.Bytes(), " \t\r")
		if len(line) == 0 || line[0] == '#' || line[0] == '-' {
			continue
		}
		t := tiny{r: r, at: at, fields: bytes.Split(line[1:], []byte(":")), now: now}
		if err := t.line(line[0]); err != nil {
			r.problem(at.problem("import-line", err.Error(), tinyFix(err)))
		}
	}
	if err := lines.Err(); err != nil {
		at.Line++
		r.problem(at.problem("unreadable", err.Error(), ""))
	}
	r.flush(name)
}

func tinyFix(err error) string {
	if errors.Is(err, errLocation) {
		return "--skip leaves it out; give each view a pipeline of its own"
	}
	return ""
}

// tiny is one line of tinydns data.
type tiny struct {
	r      *Reading
	at     Place
	fields [][]byte
	now    time.Time
	ttl    uint32
}

// line reads a line by its first character. Fields beyond the last are empty, as in djbdns.
func (t *tiny) line(kind byte) error {
	if kind == '%' {
		return errLocation
	}
	owner, err := t.name(0)
	if err != nil {
		return err
	}
	// The place of the TTL among the fields; the time stamp and the location follow.
	ttlAt, ok := map[byte]int{'.': 3, '&': 3, '=': 2, '+': 2, '3': 2, '6': 2, '@': 4, '\'': 2, '^': 2, 'C': 2, 'Z': 8, ':': 3, 'S': 6, 'N': 7}[kind]
	if !ok {
		return fmt.Errorf("lines of data do not begin with %q", kind)
	}
	standard := uint32(tinyOther)
	switch kind {
	case '.', '&':
		standard = tinyNS
	case 'Z':
		standard = tinySOA
	}
	if err := t.times(ttlAt, standard); err != nil {
		if errors.Is(err, errOver) {
			return nil
		}
		return err
	}
	switch kind {
	case '.', '&':
		return t.server(kind, owner)
	case '=', '+':
		return t.address(owner, kind == '=')
	case '3', '6':
		return t.address6(owner, kind == '6')
	case '@':
		return t.mail(owner)
	case 'S':
		return t.service(owner)
	case 'N':
		return t.naptr(owner)
	case 'Z':
		return t.start(owner)
	case '^', 'C':
		target, err := t.name(1)
		if err != nil {
			return err
		}
		typ := zone.TypePTR
		if kind == 'C' {
			typ = zone.TypeCNAME
		}
		t.add(owner, typ, []byte(target))
	case '\'':
		text := octal(t.field(1))
		var data []byte
		for len(text) > 127 { // where tinydns-data cuts
			data = append(append(data, 127), text[:127]...)
			text = text[127:]
		}
		t.add(owner, zone.TypeTXT, append(append(data, byte(len(text))), text...))
	case ':':
		n, err := strconv.ParseUint(string(t.field(1)), 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is no number of a type", t.field(1))
		}
		data := octal(t.field(2))
		rr, err := zone.RR(zone.Root, zone.Type(n), 0, zone.Rdata(data))
		if err != nil {
			return err
		}
		if whole, err := zone.RdataOf(rr); err != nil || len(whole) > len(data) { // miekg/dns fills up what is missing
			return fmt.Errorf("%d octets are too few for %s data", len(data), zone.Type(n))
		}
		t.add(owner, zone.Type(n), data)
	}
	return nil
}

func (t *tiny) add(owner zone.Name, typ zone.Type, data []byte) {
	t.r.add(owner, typ, t.ttl, canonical(typ, data), t.at)
}

// canonical folds the names in data, as all data have them here.
func canonical(typ zone.Type, data []byte) zone.Rdata {
	if rr, err := zone.RR(zone.Root, typ, 0, zone.Rdata(data)); err == nil {
		if d, err := zone.RdataOf(rr); err == nil && len(d) == len(data) {
			return d
		}
	}
	return zone.Rdata(data)
}

func (t *tiny) field(i int) []byte {
	if i < len(t.fields) {
		return t.fields[i]
	}
	return nil
}

// times reads TTL, time stamp and location.
func (t *tiny) times(at int, standard uint32) error {
	t.ttl = standard
	text := string(t.field(at))
	if text != "" {
		v, err := strconv.ParseUint(text, 10, 32)
		if err != nil || v > zone.MaxTTL {
			return fmt.Errorf("TTL %q is no number up to %d", text, zone.MaxTTL)
		}
		t.ttl = uint32(v)
	}
	if len(t.field(at+2)) > 0 {
		return errLocation
	}
	stamp := t.field(at + 1)
	if len(stamp) == 0 {
		return nil
	}
	raw, err := hex.DecodeString(string(stamp)) // TAI64: 2^62 is 1970 TAI
	if err != nil || len(raw) != 8 {
		return fmt.Errorf("%q is no TAI64 time stamp", stamp)
	}
	seconds := binary.BigEndian.Uint64(raw)
	if seconds == 0 {
		return nil
	}
	past := seconds <= 1<<62+uint64(max(t.now.Unix(), 0))+taiAhead
	switch {
	case t.ttl == 0 && past:
		return errOver
	case t.ttl == 0:
		return errors.New("the record ends at its time stamp, with a TTL that counts down: give it a TTL, or write it with expires: in the zone file")
	case !past:
		return errors.New("the record begins at its time stamp, which is to come: import it then, or take the time stamp out")
	}
	return nil
}

func number(text []byte, bits int, otherwise uint64) (uint64, error) {
	if len(text) == 0 {
		return otherwise, nil
	}
	v, err := strconv.ParseUint(string(text), 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of %d bits", text, bits)
	}
	return v, nil
}

func (t *tiny) name(i int) (zone.Name, error) { return tinyName(t.field(i)) }

// tinyName reads a name as djbdns does: empty labels count nothing, \ooo is an octet.
func tinyName(text []byte) (zone.Name, error) {
	var wire []byte
	label := func(octets []byte) {
		if len(octets) > 0 {
			wire = append(append(wire, byte(min(len(octets), 255))), octets...)
		}
	}
	var octets []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '.':
			label(octets)
			octets = octets[:0]
		case '\\':
			c, used := octalAt(text[i:])
			octets = append(octets, c)
			i += used - 1
		default:
			octets = append(octets, c)
		}
	}
	label(octets)
	name, _, err := zone.NameFromWire(append(wire, 0))
	if err != nil {
		return "", fmt.Errorf("%.300q is no name", text)
	}
	return name, nil
}

// octal resolves \ooo; a backslash before anything else is that.
func octal(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		c, used := octalAt(text[i:])
		if used > 1 {
			out = append(out, c)
		}
		i += used - 1
	}
	return out
}

// octalAt reads the escape at the front: up to three octal digits, or one other octet. It gives how many octets it takes.
func octalAt(text []byte) (c byte, used int) {
	for used = 1; used < 4 && used < len(text) && '0' <= text[used] && text[used] <= '7'; used++ {
		c = c<<3 | (text[used] - '0')
	}
	if used == 1 && len(text) > 1 {
		return text[1], 2
	}
	return c, used
}

// host gives the name of a server: x if it has a dot, else x.<kind>.<owner>.
func (t *tiny) host(i int, kind string, owner zone.Name) (zone.Name, error) {
	x := t.field(i)
	if bytes.IndexByte(x, '.') >= 0 {
		return tinyName(x)
	}
	base, err := owner.Child(kind)
	if err != nil || len(x) == 0 {
		return base, err
	}
	return base.Child(string(octal(x)))
}

// ipv4 adds an address, where the line has one.
func (t *tiny) ipv4(i int, owner zone.Name) error {
	text := t.field(i)
	if len(text) == 0 {
		return nil
	}
	addr, err := netip.ParseAddr(string(text))
	if err != nil || !addr.Is4() {
		return fmt.Errorf("%.60q is no IPv4 address", text)
	}
	t.add(owner, zone.TypeA, addr.AsSlice())
	return nil
}
