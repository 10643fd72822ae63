package answer

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/dns"
)

// TestRFC8906 asks what RFC 8906 8 asks of a server: always the right answer, never silence.
func TestRFC8906(t *testing.T) {
	t.Parallel()
	const (
		z, ad, cd = 1 << 6, 1 << 5, 1 << 4
		noEDNS    = -1
		unknown   = 100 // an option nobody has defined
	)
	for _, c := range []struct {
		section   string
		flags     uint16
		typ       uint16
		version   int    // of EDNS
		ednsFlags uint16 // in the OPT record
		options   []uint16
		transport Transport

		rcode   int
		want    uint16 // flags beside QR and the opcode
		records int    // in the answer
	}{
		{section: "8.1.1 is the zone served", typ: dns.TypeSOA, version: noEDNS, want: flagAA, records: 1},
		{section: "8.1.2 unknown type", typ: 1000, version: noEDNS, want: flagAA},
		{section: "8.1.3.1 CD=1", flags: cd, typ: dns.TypeSOA, version: noEDNS, want: flagAA, records: 1},
		{section: "8.1.3.2 AD=1", flags: ad, typ: dns.TypeSOA, version: noEDNS, want: flagAA, records: 1},
		{section: "8.1.3.3 reserved bit", flags: z, typ: dns.TypeSOA, version: noEDNS, want: flagAA, records: 1},
		{section: "8.1.3.4 RD=1", flags: flagRD, typ: dns.TypeSOA, version: noEDNS, want: flagAA | flagRD, records: 1},
		{section: "8.1.4 unknown opcode", flags: 15 << 11, typ: dns.TypeSOA, version: noEDNS, rcode: dns.RcodeNotImplemented},
		{section: "8.1.5 TCP", typ: dns.TypeSOA, version: noEDNS, transport: TCP, want: flagAA, records: 1},
		{section: "8.2.1 minimal EDNS", typ: dns.TypeSOA, want: flagAA, records: 1},
		{section: "8.2.2 version 1", typ: dns.TypeSOA, version: 1, rcode: dns.RcodeBadVers},
		{section: "8.2.3 unknown option", typ: dns.TypeSOA, options: []uint16{unknown}, want: flagAA, records: 1},
		{section: "8.2.4 unknown flags", typ: dns.TypeSOA, ednsFlags: 0x40, want: flagAA, records: 1},
		{section: "8.2.5 version 1, unknown flags", typ: dns.TypeSOA, version: 1, ednsFlags: 0x40, rcode: dns.RcodeBadVers},
		{section: "8.2.6 version 1, unknown option", typ: dns.TypeSOA, version: 1, options: []uint16{unknown}, rcode: dns.RcodeBadVers},
		{section: "8.2.8 DO=1", typ: dns.TypeSOA, ednsFlags: doBit, want: flagAA, records: 1},
		{section: "8.2.9 version 1, DO=1", typ: dns.TypeSOA, version: 1, ednsFlags: doBit, rcode: dns.RcodeBadVers},
		{section: "8.2.10 several defined options", typ: dns.TypeSOA, want: flagAA, records: 1,
			options: []uint16{dns.EDNS0NSID, dns.EDNS0COOKIE, dns.EDNS0EXPIRE, dns.EDNS0SUBNET}},
		// Not in the list, but of its kind.
		{section: "type 0", typ: 0, version: noEDNS, want: flagAA},
		{section: "RRSIG without signatures", typ: dns.TypeRRSIG, want: flagAA},
		{section: "NSEC without signatures", typ: dns.TypeNSEC, want: flagAA},
		{section: "AA, TC and RA in the query", flags: flagAA | flagTC | 1<<7, typ: dns.TypeSOA, version: noEDNS, want: flagAA, records: 1},
	} {
		query := header(c.flags, 1, 0, 0, 0, []byte("\x07example\x00")...)
		query = binary.BigEndian.AppendUint16(query, c.typ)
		query = append(query, 0, 1)
		if c.version != noEDNS {
			query[11] = 1
			query = append(query, 0, 0, byte(typeOPT), 4, 208, 0, byte(c.version), byte(c.ednsFlags>>8), byte(c.ednsFlags), 0, byte(4*len(c.options)))
			for _, code := range c.options {
				query = append(query, byte(code>>8), byte(code), 0, 0)
			}
		}
		raw, outcome := NewEngine(Config{}).Answer(exampleView(t), facts, query, nil, c.transport)
		if raw == nil {
			t.Errorf("%s: silence", c.section)
			continue
		}
		checkWire(t, query, raw, outcome, c.transport)
		got := new(dns.Msg)
		if err := got.Unpack(raw); err != nil {
			t.Errorf("%s: %v", c.section, err)
			continue
		}
		flags := binary.BigEndian.Uint16(raw[2:]) &^ (flagQR | opcodeMask | 0xf)
		if int(outcome.Rcode) != c.rcode || flags != c.want || len(got.Answer) != c.records {
			t.Errorf("%s: flags %x, want %x\n%v", c.section, flags, c.want, got)
		}
		opt := got.IsEdns0()
		if (opt != nil) != (c.version != noEDNS) && c.rcode != dns.RcodeNotImplemented {
			t.Errorf("%s: OPT %v", c.section, opt)
		}
		if opt != nil && (opt.Version() != 0 || len(opt.Option) > 0 || opt.Hdr.Ttl&0xffff != uint32(c.ednsFlags&doBit)) {
			t.Errorf("%s: OPT %v", c.section, opt)
		}
	}
}

// TestLongestNames asks for names of 255 octets and labels of 63, and for one octet more.
func TestLongestNames(t *testing.T) {
	t.Parallel()
	label := append([]byte{63}, make([]byte, 63)...)
	name := func(last int) []byte { // three labels of 64 octets with their lengths, one more, example
		n := append(append(append([]byte{}, label...), label...), label...)
		n = append(append(n, byte(last)), make([]byte, last)...)
		return append(n, "\x07example\x00\x00\x01\x00\x01"...)
	}
	for last, rcode := range map[int]uint16{52: dns.RcodeNameError, 53: dns.RcodeNameError, 54: dns.RcodeFormatError} {
		query := header(0, 1, 0, 0, 0, name(last)...)
		raw, outcome := NewEngine(Config{}).Answer(exampleView(t), facts, query, nil, UDP)
		if outcome.Rcode != rcode {
			t.Errorf("%d octets: rcode %d, want %d", len(query)-headerSize-4, outcome.Rcode, rcode)
		}
		checkWire(t, query, raw, outcome, UDP)
	}
}

// TestFolding holds the eight letters at a time to one after the other, for every octet.
func TestFolding(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		want := byte(c)
		if 'A' <= c && c <= 'Z' {
			want += 'a' - 'A'
		}
		for at := range 8 {
			for _, others := range []uint64{0, 0x4141414141414141, 0x5a5a5a5a5a5a5a5a, 0xffffffffffffffff, 0x8080808080808080} {
				x := others&^(0xff<<(8*at)) | uint64(c)<<(8*at)
				if got := byte(lower(x) >> (8 * at)); got != want {
					t.Errorf("octet %#x beside %#x: %#x", c, others, got)
				}
			}
		}
	}
}
