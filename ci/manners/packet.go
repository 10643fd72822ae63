package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// packet is a query under construction: header fields, then what follows.
type packet struct {
	flags                                uint16
	questions, answers, authority, extra uint16
	body                                 []byte
}

const id = 0x5a17

func (p packet) wire() []byte {
	var b []byte
	for _, v := range [...]uint16{id, p.flags, p.questions, p.answers, p.authority, p.extra} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return append(b, p.body...)
}

// ask is a plain question.
func ask(name string, typ, class uint16) packet {
	return packet{questions: 1, body: question(name, typ, class)}
}

func question(name string, typ, class uint16) []byte {
	var b []byte
	for _, label := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' }) {
		b = append(append(b, byte(len(label))), label...)
	}
	b = binary.BigEndian.AppendUint16(append(b, 0), typ)
	return binary.BigEndian.AppendUint16(b, class)
}

// opt is an OPT record with a payload size of 1232 octets.
func opt(version byte, flags uint16, options ...byte) []byte {
	b := []byte{0, 0, byte(dns.TypeOPT), 1232 >> 8, 1232 & 0xff, 0, version}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint16(b, uint16(len(options))) //nolint:gosec // a few octets
	return append(b, options...)
}

func (p packet) with(records ...[]byte) packet {
	for _, r := range records {
		p.body = append(p.body[:len(p.body):len(p.body)], r...)
		p.extra++
	}
	return p
}

// summary says in a few words what came back, and what is wrong with it whatever was asked.
func summary(query, raw []byte) string {
	if len(raw) < 12 {
		return fmt.Sprintf("%d octets", len(raw))
	}
	flags := binary.BigEndian.Uint16(raw[2:])
	m := new(dns.Msg)
	if err := m.Unpack(raw); err != nil {
		return "malformed"
	}
	words := []string{dns.RcodeToString[m.Rcode]}
	if m.Rcode == dns.RcodeBadVers {
		words[0] = "BADVERS" // not BADSIG, which has the same number in TSIG
	}
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(m.Truncated, "TC")
	if o := m.IsEdns0(); o != nil {
		words = append(words, "EDNS")
		add(o.Version() != 0, fmt.Sprintf("version=%d", o.Version()))
		add(o.Hdr.Ttl&0x7fff != 0, "unknown-flags")
		for _, option := range o.Option {
			add(option.Option() == unknownOption, "unknown-option")
		}
	}
	add(binary.BigEndian.Uint16(raw) != id, "WRONG-ID")
	add(flags&(1<<15) == 0, "NOT-A-RESPONSE")
	add(len(query) > 3 && flags>>11&15 != uint16(query[2])>>3&15, "OTHER-OPCODE")
	add(m.Zero || m.AuthenticatedData || m.RecursionAvailable, "BITS")
	return strings.Join(words, " ")
}

const unknownOption = 100
