package main

import (
	"fmt"

	"github.com/miekg/dns"
)

// manner is one packet and what must come back from ours; silent where nothing may.
type manner struct {
	group string // rows of the same group and the same answers fall together
	name  string
	wire  []byte
	want  string
	tcp   string // what must come back over TCP, if it is something else
}

const (
	silent = "silence"
	host   = "www.manners.example."
)

// matrix is RFC 8906 8, and more of the same kind.
func matrix() (list []manner) {
	add := func(group, name string, p packet, want string) {
		list = append(list, manner{group: group, name: name, wire: p.wire(), want: want})
	}
	plain := ask(host, dns.TypeA, dns.ClassINET)
	add("plain", "A", plain, "NOERROR")
	for _, t := range []uint16{1000, 65280, dns.TypeNSEC, dns.TypeRRSIG, dns.TypeANY, 0, dns.TypeSOA} { // 8906 8.1.1, 8.1.2
		add("type", fmt.Sprint(t), ask(host, t, dns.ClassINET), "NOERROR")
	}
	for _, t := range []uint16{dns.TypeAXFR, dns.TypeIXFR} {
		add("transfer", dns.TypeToString[t], ask("manners.example.", t, dns.ClassINET), "REFUSED")
	}
	for _, t := range []uint16{dns.TypeOPT, dns.TypeTSIG} {
		add("pseudo type", dns.TypeToString[t], ask(host, t, dns.ClassINET), "FORMERR")
	}
	for _, t := range []uint16{dns.TypeTKEY, dns.TypeMAILA, dns.TypeMAILB} {
		add("obsolete type", dns.TypeToString[t], ask(host, t, dns.ClassINET), "NOTIMP")
	}
	for _, c := range []uint16{0, 2, dns.ClassCHAOS, dns.ClassHESIOD, dns.ClassNONE, dns.ClassANY, 65280} {
		add("class", fmt.Sprint(c), ask(host, dns.TypeA, c), "REFUSED")
	}
	add("zone", "not ours", ask("www.example.net.", dns.TypeA, dns.ClassINET), "REFUSED")
	add("zone", "the root", ask(".", dns.TypeNS, dns.ClassINET), "REFUSED")
	for bit := range 11 { // AA, TC, RD, RA, Z, AD, CD and the rcode: 8906 8.1.3
		p := plain
		p.flags = 1 << bit
		add("header bit", fmt.Sprint(bit), p, "NOERROR")
	}
	for opcode := uint16(1); opcode < 16; opcode++ { // 8906 8.1.4
		p := plain
		p.flags = opcode << 11
		add("opcode", fmt.Sprint(opcode), p, "NOTIMP")
	}
	for opcode := uint16(1); opcode < 16; opcode++ {
		add("opcode, header only", fmt.Sprint(opcode), packet{flags: opcode << 11}, "NOTIMP")
	}
	add("questions", "0", packet{}, "FORMERR") // RFC 9619
	add("questions", "2", packet{questions: 2, body: append(question(host, 1, 1), question(host, 28, 1)...)}, "FORMERR")
	add("questions", "2, one there", packet{questions: 2, body: question(host, 1, 1)}, "FORMERR")
	add("questions", "65535", packet{questions: 65535, body: question(host, 1, 1)}, "FORMERR")
	response := plain
	response.flags = 1 << 15
	add("response", "QR=1", response, silent)
	edns(add, plain)
	broken(add, plain)
	return list
}

// edns is RFC 8906 8.2, and OPT records where none belong.
func edns(add func(group, name string, p packet, want string), plain packet) {
	add("EDNS", "version 0", plain.with(opt(0, 0)), "NOERROR EDNS")
	for v := 1; v < 256; v++ {
		add("EDNS version", fmt.Sprint(v), plain.with(opt(byte(v), 0)), "BADVERS EDNS")
	}
	for bit := range 16 {
		add("EDNS flag", fmt.Sprint(bit), plain.with(opt(0, 1<<bit)), "NOERROR EDNS")
	}
	add("EDNS option", "unknown", plain.with(opt(0, 0, 0, unknownOption, 0, 1, 7)), "NOERROR EDNS")
	add("EDNS option", "unknown, version 1", plain.with(opt(1, 0, 0, unknownOption, 0, 1, 7)), "BADVERS EDNS")
	add("EDNS option", "two unknown", plain.with(opt(0, 0, 0, unknownOption, 0, 0, 0, unknownOption, 0, 0)), "NOERROR EDNS")
	add("EDNS option", "client's cookie", plain.with(opt(0, 0, 0, dns.EDNS0COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8)), "NOERROR EDNS")
	add("EDNS option", "longer than the record", plain.with(opt(0, 0, 0, unknownOption, 0, 9, 7)), "FORMERR EDNS")
	add("EDNS option", "half a header", plain.with(opt(0, 0, 0, unknownOption, 0)), "FORMERR EDNS")
	add("OPT", "two", plain.with(opt(0, 0), opt(0, 0)), "FORMERR EDNS")
	named := opt(0, 0)
	add("OPT", "owner not the root", plain.with(append([]byte{1, 'a'}, named...)), "FORMERR")
	misplaced := plain.with(opt(0, 0))
	misplaced.extra, misplaced.answers = 0, 1
	add("OPT", "in the answer section", misplaced, "FORMERR")
	misplaced.answers, misplaced.authority = 0, 1
	add("OPT", "in the authority section", misplaced, "FORMERR")
}

// broken cuts a query everywhere, and adds octets to it. What names its ID and more gets an answer.
func broken(add func(group, name string, p packet, want string), plain packet) {
	whole := plain.with(opt(0, 0))
	for n := range len(whole.body) {
		p := whole
		p.body = p.body[:n]
		add("cut after the header by", fmt.Sprint(len(whole.body)-n), p, "FORMERR")
	}
	for _, n := range []int{1, 11, 100} {
		p := plain
		p.body = append(p.body[:len(p.body):len(p.body)], make([]byte, n)...)
		add("octets too many", fmt.Sprint(n), p, "NOERROR")
	}
	add("name", "a pointer", packet{questions: 1, body: []byte{0xc0, 12, 0, 1, 0, 1}}, "FORMERR")
	add("name", "a label of type 01", packet{questions: 1, body: []byte{0x41, 0, 0, 1, 0, 1}}, "FORMERR")
	var long []byte
	for range 5 {
		long = append(append(long, 63), make([]byte, 63)...)
	}
	add("name", "longer than 255 octets", packet{questions: 1, body: append(long, 0, 0, 1, 0, 1)}, "FORMERR")
}
