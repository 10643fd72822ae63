package snapshot

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"zonecast/internal/zone"
)

// soaNumbers is the size of the five numbers at the end of SOA data (RFC 1035 3.3.13); the serial is the first.
const soaNumbers = 20

// WriteZone writes one zone as an RFC 1035 file, SOA first, absolute names, a TTL on each line; serial replaces
// the SOA's unless the zone's is literal. Nodes are the zone's, in canonical order; empty non-terminals are left out. It
// fails with the nodes' error.
// ReadZoneFile reads the same records back, without their rotation, which is a comment.
func WriteZone(w io.Writer, z Zone, nodes iter.Seq2[Node, error], serial uint32) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "; zone %s\n$ORIGIN %s\n", z.Describe(), z.Apex)
	for n, err := range nodes {
		if err != nil {
			return fmt.Errorf("write zone %s: %w", z.Apex, err)
		}
		if soa, ok := zone.FindSet(n.Sets, zone.TypeSOA); ok && n.Name == z.Apex {
			writeSet(out, n.Name, WithSerial(z, soa, serial))
		}
		for _, s := range n.Sets {
			if s.Type != zone.TypeSOA || n.Name != z.Apex {
				writeSet(out, n.Name, s)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write zone %s: %w", z.Apex, err)
	}
	return nil
}

// WithSerial gives the SOA with another serial, unless the zone's is literal.
func WithSerial(z Zone, soa zone.RRset, serial uint32) zone.RRset {
	if z.SerialLiteral || len(soa.Data) != 1 || len(soa.Data[0]) < soaNumbers {
		return soa
	}
	data := []byte(soa.Data[0])
	binary.BigEndian.PutUint32(data[len(data)-soaNumbers:], serial)
	soa.Data = []zone.Rdata{zone.Rdata(data)}
	return soa
}

// rotation says of a set that it rotates: a comment, since zone files have no word for it.
func rotation(owner zone.Name, s zone.RRset) string {
	return fmt.Sprintf("; %s %s rotate=%s", owner, s.Type, s.Rotate)
}

// writeSet leaves errors to the bufio.Writer, which keeps the first.
func writeSet(out *bufio.Writer, owner zone.Name, s zone.RRset) {
	if s.Rotate != zone.RotateNone {
		fmt.Fprintln(out, rotation(owner, s))
	}
	name := portable(owner.String())
	for _, d := range s.Data {
		fmt.Fprintf(out, "%s\t%d\tIN\t%s\t%s\n", name, s.TTL, s.Type, portable(rdataText(s.Type, d)))
	}
}

// portable writes backslashes of names and strings as \092: NSD (4.6) takes the dot after \\ for an escaped one.
func portable(text string) string {
	if !strings.Contains(text, `\\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\' || i+1 == len(text):
			b.WriteByte(text[i])
		case text[i+1] == '\\':
			b.WriteString(`\092`)
			i++
		default:
			b.WriteString(text[i : i+2])
			i++
		}
	}
	return b.String()
}

// rdataText is zone.RdataText where that reads back as the same octets, and else the generic form of RFC 3597 5.
func rdataText(t zone.Type, d zone.Rdata) string {
	text := zone.RdataText(t, d)
	if t == zone.TypeA || t == zone.TypeAAAA {
		return text
	}
	if back, err := zone.ParseRdata(t, text, ""); err == nil && back == d {
		return text
	}
	return fmt.Sprintf(`\# %d %s`, len(d), hex.EncodeToString([]byte(d)))
}

// Dump prints everything: each zone with its facts, then its nodes in canonical order as zone-file lines, with
// the empty non-terminals as comments. What cannot be read ends it with an error, after all that stands before.
func Dump(w io.Writer, c Content) error {
	out := bufio.NewWriter(w)
	var nodes uint64
	for _, z := range c.Zones() {
		fmt.Fprintf(out, "; zone %s\n", z.Describe())
		for n, err := range c.Walk(z.Apex) {
			if err != nil {
				return errors.Join(fmt.Errorf("dump zone %s: %w", z.Apex, err), out.Flush())
			}
			nodes++
			if len(n.Sets) == 0 {
				fmt.Fprintf(out, "; %s empty non-terminal\n", n.Name)
			}
			for _, s := range n.Sets {
				writeSet(out, n.Name, s)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("dump: %w", err)
	}
	// Every node is under a zone: what is missing would be where one node's length hides the next.
	if s, ok := c.(*Snapshot); ok && nodes != s.counts.names+s.counts.empty {
		return fmt.Errorf("dump: %w: %d names, not %d", ErrCorrupt, nodes, s.counts.names+s.counts.empty)
	}
	return nil
}
