package answer

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
	"unsafe"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// seeds are queries that reach every part of the engine, and what clients get wrong most.
func seeds(f *testing.F, add func(packet []byte)) {
	for _, n := range []string{".", "example.", "www.example.", "x.sub.example.", "sub.example.", "x.old.example.", "_timestamp.example.",
		"x.y.wild.example.", "loop1.example.", "down.example.", "far.example.", "x.wc.example.", "child.example.", "b.c.example.", "a.b.c.d.e.example."} {
		for _, typ := range []uint16{0, dns.TypeA, dns.TypeTXT, dns.TypeDS, dns.TypeANY, dns.TypeSOA, dns.TypeNS, dns.TypeCNAME, dns.TypeAXFR, dns.TypeOPT} {
			query := new(dns.Msg).SetQuestion(n, typ)
			plain, err := query.Pack()
			if err != nil {
				f.Fatal(err)
			}
			add(plain)
			query.SetEdns0(512, true).IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID},
				&dns.EDNS0_TCP_KEEPALIVE{Code: dns.EDNS0TCPKEEPALIVE}, &dns.EDNS0_LOCAL{Code: 65001, Data: []byte{1}}}
			edns, _ := query.Pack()
			add(edns)
			add(edns[:len(edns)-3])
		}
	}
}

func transportOf(tcp bool) Transport {
	if tcp {
		return TCP
	}
	return UDP
}

// FuzzQuery holds whatever a client sends to what is true of every response. The checks are by hand, so that they cost
// less than the answer; miekg/dns judges one response in 64.
func FuzzQuery(f *testing.F) {
	v := exampleView(f)
	seeds(f, func(packet []byte) { f.Add(packet, len(packet)%2 == 0) })
	engine := NewEngine(Config{NSID: "host.example", KeepAlive: time.Minute}) // one for all: nothing of a query reaches the next
	buf := make([]byte, 0, MaxMessage)
	f.Fuzz(func(t *testing.T, packet []byte, tcp bool) {
		transport := transportOf(tcp)
		raw, outcome := engine.Answer(v, facts, packet, buf, transport)
		checkWire(t, packet, raw, outcome, transport)
		if raw != nil && raw[1]&63 == 0 {
			checkParsed(t, packet, raw, outcome)
		}
	})
}

// arbitrary is a view whose nodes are octets of the fuzzer's choice.
type arbitrary struct {
	*snapshot.View
	octets []byte
}

// node cuts the octets into nodes, and gives each name one of them.
func (a arbitrary) node(wire []byte) (snapshot.Ref, snapshot.Reach) {
	if len(a.octets) < 4 {
		return snapshot.Ref{}, snapshot.Absent
	}
	pick := int(wire[len(wire)/2]) + len(wire)
	at := int(a.octets[pick%2]) % len(a.octets)
	body := a.octets[at:]
	return *(*snapshot.Ref)(unsafe.Pointer(&body)), snapshot.Reach(int(a.octets[2]>>(pick%4*2)) % 3) // a Ref is its octets
}

func (a arbitrary) Find(wire []byte) (snapshot.Ref, bool) {
	ref, reach := a.node(wire)
	return ref, reach != snapshot.Absent
}

func (a arbitrary) Reach(_ zone.Name, wire []byte, _ uint64) (snapshot.Ref, snapshot.Reach) {
	return a.node(wire)
}

// FuzzView answers from nodes that no Builder made: whatever a file holds, the answer is a well-formed message.
func FuzzView(f *testing.F) {
	if unsafe.Sizeof(snapshot.Ref{}) != unsafe.Sizeof([]byte{}) {
		f.Fatal("a Ref is more than its octets now")
	}
	record := func(t uint16, data string) string {
		b := binary.BigEndian.AppendUint16(nil, t)
		b = append(b, 0, 1, 0, 0, 1, 44)
		return string(binary.BigEndian.AppendUint16(b, uint16(len(data)))) + data
	}
	bodies := []string{"", "\x00\x01\x0e" + record(dns.TypeA, "\xc0\x00\x02\x01")}
	for flag, r := range []string{record(dns.TypeNS, "\x02ns\x07example\x00"), record(dns.TypeCNAME, "\x01a\x07example\x00"),
		record(dns.TypeDNAME, "\x03new\x07example\x00"), record(dns.TypeSOA, "\x00\x00"+string(make([]byte, 20))), record(dns.TypeNS, "\x40"), record(dns.TypeCNAME, "\x05x")} {
		bodies = append(bodies, string([]byte{1 << (flag % 4), 1, byte(len(r))})+r)
	}
	seeds(f, func(packet []byte) {
		body := bodies[len(packet)%len(bodies)]
		for _, reach := range []byte{0x55, 0x66} {
			f.Add(packet, append([]byte{4, 4, reach, 0}, body...), reach&1 == 0)
		}
	})
	base := exampleView(f).View
	engine := NewEngine(Config{})
	buf := make([]byte, 0, MaxMessage)
	f.Fuzz(func(t *testing.T, packet, octets []byte, tcp bool) {
		transport := transportOf(tcp)
		raw, outcome := engine.Answer(arbitrary{base, octets}, facts, packet, buf, transport)
		checkWire(t, packet, raw, outcome, transport)
	})
}

// checkWire holds a response to what is true of every one, whatever the data is.
func checkWire(t *testing.T, packet, raw []byte, outcome Outcome, transport Transport) {
	if query := len(packet) >= headerSize && packet[2]&0x80 == 0; (raw != nil) != query {
		t.Fatalf("query=%t answered=%t", query, raw != nil)
	}
	if raw == nil {
		return
	}
	count := func(i int) int { return int(binary.BigEndian.Uint16(raw[2*i:])) }
	at := headerSize
	if count(2) == 1 {
		end, ok := skipName(packet, at)
		if at = end + 4; !ok || at > len(raw) || !bytes.Equal(raw[headerSize:at], packet[headerSize:at]) {
			t.Fatalf("question of % x: % x", packet, raw)
		}
	}
	rcode, edns := int(raw[3]&0xf), false
	for i := range count(3) + count(4) + count(5) {
		end, ok := skipName(raw, at)
		if !ok || end+recordHeader > len(raw) {
			t.Fatalf("record %d: % x", i, raw)
		}
		if i == count(3)+count(4)+count(5)-1 && raw[at] == 0 && raw[end+1] == byte(typeOPT) && raw[end] == 0 {
			edns = true
			rcode |= int(raw[end+4]) << 4
		}
		at = end + recordHeader + int(binary.BigEndian.Uint16(raw[end+8:]))
	}
	flags := binary.BigEndian.Uint16(raw[2:])
	limit := minUDP
	switch {
	case transport == TCP:
		limit = MaxMessage
	case edns:
		limit = MaxUDP
	}
	switch asked := binary.BigEndian.Uint16(packet[2:]); {
	case at != len(raw), len(raw) > limit, count(2) > 1:
		t.Fatalf("%d octets, %d in records, at most %d: % x", len(raw), at, limit, raw)
	case raw[0] != packet[0], raw[1] != packet[1], rcode != int(outcome.Rcode), flags&flagQR == 0, (flags^asked)&(opcodeMask|flagRD) != 0:
		t.Fatalf("header of % x, counted as %d: % x", packet, outcome.Rcode, raw)
	case flags&(1<<7|1<<6|1<<5|1<<4) != 0: // RA, Z, AD, CD
		t.Fatalf("flags %x", flags)
	case flags&flagTC != 0 && transport == TCP && len(raw) < MaxUDP:
		t.Fatalf("truncated over TCP: % x", raw)
	case rcode == dns.RcodeSuccess && count(2) != 1:
		t.Fatal("a question answered but not echoed")
	}
}

// checkParsed has miekg/dns read both.
func checkParsed(t *testing.T, packet, raw []byte, outcome Outcome) {
	got := new(dns.Msg)
	if err := got.Unpack(raw); err != nil {
		t.Fatalf("%v: % x", err, raw)
	}
	if !got.Response || got.Rcode != int(outcome.Rcode) {
		t.Fatalf("header: %v, counted as %d", got.MsgHdr, outcome.Rcode)
	}
	asked := new(dns.Msg)
	if asked.Unpack(packet) == nil && len(asked.Question) == 1 && len(got.Question) == 1 && got.Question[0] != asked.Question[0] {
		t.Fatalf("asked %v, echoed %v", asked.Question, got.Question)
	}
}
