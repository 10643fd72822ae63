package answer

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"zonecast/internal/snapshot"
	"zonecast/internal/snapshot/hammer"
)

// queries are good ones of many kinds, to be changed.
func queries(t testing.TB) (list [][]byte) {
	t.Helper()
	names := []string{".", "example.", "www.example.", "WwW.eXample.", "alias.example.", "loop1.example.", "down.example.", "x.y.wild.example.", "q.wc.example.",
		"b.c.example.", "x.old.example.", "sub.example.", "a.sub.example.", "w.child.example.", "_timestamp.example.", "host.literal.test.", "mx.example.", "nowhere.test."}
	for _, n := range names {
		for _, typ := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypeDS, dns.TypeANY, dns.TypeSOA, dns.TypeCNAME, dns.TypeAXFR, 65280} {
			plain := new(dns.Msg).SetQuestion(n, typ)
			packed, err := plain.Pack()
			if err != nil {
				t.Fatal(err)
			}
			opt := plain.SetEdns0(uint16(400+10*len(list)), typ == dns.TypeDS).IsEdns0()
			opt.Option = append(opt.Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID}, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0011223344556677"})
			edns, err := plain.Pack()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, packed, edns)
		}
	}
	return list
}

// hammered changes a good query, and puts it at the end of its memory.
func hammered(rng *rand.Rand, good [][]byte, memory []byte) []byte {
	packet := hammer.End(memory, good[rng.IntN(len(good))])
	switch rng.IntN(8) {
	case 0: // as it is
	case 1:
		packet = packet[:rng.IntN(len(packet)+1)]
		packet = memory[len(memory)-copy(memory[len(memory)-len(packet):], packet):]
	case 2:
		hammer.Change(rng, packet[min(len(packet), headerSize):])
	default:
		hammer.Change(rng, packet)
	}
	return packet
}

// checkHeader holds what every response has, at a cost that millions of them can bear.
func checkHeader(t *testing.T, packet, raw []byte, transport Transport) {
	if query := len(packet) >= headerSize && packet[2]&0x80 == 0; (raw != nil) != query {
		t.Fatalf("query=%t answered=%t: % x", query, raw != nil, packet)
	}
	if raw == nil {
		return
	}
	if len(raw) < headerSize || raw[0] != packet[0] || raw[1] != packet[1] || raw[2]&0x80 == 0 || binary.BigEndian.Uint16(raw[4:]) > 1 {
		t.Fatalf("header: % x to % x", raw, packet)
	}
	if transport == UDP && len(raw) > MaxUDP {
		t.Fatalf("%d octets to % x", len(raw), packet)
	}
}

// judged is how many responses there are to each that miekg/dns reads too.
const judged = 16

// TestHammerQueries answers queries with changed octets, read from memory that ends where they end, into memory that ends
// where an answer may.
func TestHammerQueries(t *testing.T) {
	good, views := queries(t), []View{exampleView(t), mapped(t, nil), nil}
	hammer.Run(t, 20_000, func(int) func(*rand.Rand) {
		e := NewEngine(Config{NSID: "host1.example", KeepAlive: 1e10})
		memory, out := hammer.Guarded(t, MaxUDP), hammer.Guarded(t, MaxUDP)
		return func(rng *rand.Rand) {
			packet, transport := hammered(rng, good, memory), Transport(rng.IntN(2))
			raw, outcome := e.Answer(views[rng.IntN(16)%3], facts, packet, out[:0], transport)
			checkWire(t, packet, raw, outcome, transport)
			if raw != nil && rng.IntN(judged) == 0 {
				checkParsed(t, packet, raw, outcome)
			}
		}
	})
}

// mapped gives exampleView as a mapped file, with the file's octets to change under the mapping, if they are wanted.
func mapped(t *testing.T, octets *[]byte) View {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.snap")
	if _, err := exampleView(t).Compile(snapshot.Seed{}, path); err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if octets == nil {
		return snapshot.NewView(s)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if *octets, err = unix.Mmap(int(f.Fd()), 0, int(s.Opened().Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(*octets); err != nil {
			t.Error(err)
		}
	})
	return snapshot.NewView(s)
}

// TestHammerHostileMaps asks of a file whose octets change under its mapping, where no checksum stands between them
// and the answer: it may be any answer, in good form as a message begins.
func TestHammerHostileMaps(t *testing.T) {
	good := queries(t)
	hammer.Run(t, 20_000, func(int) func(*rand.Rand) {
		var octets []byte
		view := mapped(t, &octets)
		sound, e := bytes.Clone(octets), NewEngine(Config{})
		memory, out := hammer.Guarded(t, MaxUDP), hammer.Guarded(t, MaxUDP)
		return func(rng *rand.Rand) {
			hammer.Change(rng, octets)
			for range 4 {
				packet, transport := hammered(rng, good, memory), Transport(rng.IntN(2))
				raw, _ := e.Answer(view, facts, packet, out[:0], transport)
				checkHeader(t, packet, raw, transport)
			}
			if rng.IntN(8) == 0 {
				copy(octets, sound) // else the damage grows
			}
		}
	})
}
