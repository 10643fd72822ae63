package snapshot

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// fileRecord is a record as read, with its place.
type fileRecord struct {
	t      zone.Type
	ttl    uint32
	source uint32 // index in compilation.sources
	line   uint32
	data   []byte
}

func nextRecord(b []byte) (r fileRecord, rest []byte) {
	r = fileRecord{zone.Type(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint32(b[2:]), binary.BigEndian.Uint32(b[6:]),
		binary.BigEndian.Uint32(b[10:]), nil}
	end := recordFront + int(binary.BigEndian.Uint16(b[14:]))
	r.data = b[recordFront:end:end]
	return r, b[end:]
}

// nodes checks the records name by name and gives the nodes of those that belong to their file's zone; what is wrong is
// noted with the files.
func (c *compilation) nodes(add func(key, body []byte) error) error {
	var group []fileRecord
	var owner, body []byte
	c.open, c.next = nil, 0
	flush := func() (err error) {
		c.enter(owner)
		group = slices.DeleteFunc(group, func(r fileRecord) bool { return !c.belongs(owner, r) })
		if len(group) > 0 {
			if body = c.node(body[:0], owner, group); len(body) > 0 {
				err = add(owner, body)
			}
		}
		group = group[:0]
		return err
	}
	err := c.records.merge(func(key, payload []byte) error {
		if len(group) > 0 && !bytes.Equal(key, owner) {
			if err := flush(); err != nil {
				return err
			}
		}
		owner = key
		for len(payload) > 0 {
			var r fileRecord
			r, payload = nextRecord(payload)
			group = append(group, r)
		}
		return nil
	})
	if err == nil && len(group) > 0 {
		err = flush()
	}
	for _, f := range c.files {
		if f.errors == 0 && !f.hasNS {
			f.report("no-apex-ns", f.apex, "no NS records at the zone's apex", "name its servers")
		}
	}
	return err
}

// enter makes open the zones that a key is under. Keys come in order.
func (c *compilation) enter(key []byte) {
	for len(c.open) > 0 && !bytes.HasPrefix(key, c.open[len(c.open)-1].key) {
		c.open = c.open[:len(c.open)-1]
	}
	for ; c.next < len(c.apexes) && bytes.Compare(c.apexes[c.next].key, key) <= 0; c.next++ {
		if f := c.apexes[c.next]; bytes.HasPrefix(key, f.key) {
			c.open = append(c.open, f)
		}
	}
}

// belongs tells whether a record is of the zone that its name is in. If not, another file's zone begins above it, and it gives
// way: what is lost is warned of, delegation and glue are not. A DS is in the zone above by right (RFC 4035 2.4), and of one node with
// the apex that it is of.
func (c *compilation) belongs(key []byte, r fileRecord) bool {
	f := c.sources[r.source].zone
	switch {
	case f.apex == "":
		return false
	case !bytes.HasPrefix(key, f.key):
		c.report(zone.Error, "outside-zone", key, r, fmt.Sprintf("%s is outside the zone %s", r.t, f.apex), "is a final dot too many, or one missing in $ORIGIN?")
		return false
	}
	if r.t == zone.TypeNS && len(key) == len(f.key) {
		f.hasNS = true
	}
	in := c.open[len(c.open)-1]
	switch {
	case in.apex == f.apex:
		return true
	case r.t == zone.TypeDS && len(key) == len(in.key) && len(c.open) > 1 && c.open[len(c.open)-2].apex == f.apex:
		return true
	case r.t != zone.TypeNS && r.t != zone.TypeA && r.t != zone.TypeAAAA:
		c.report(zone.Warning, "shadowed-by-zone", key, r, fmt.Sprintf("%s is not served: another file's zone begins here or above", r.t), "move it there")
	}
	return false
}

func (c *compilation) report(severity zone.Severity, check string, key []byte, r fileRecord, text, fix string) {
	s := c.sources[r.source]
	s.zone.note(zone.Problem{Check: check, Severity: severity, File: s.shown, Line: int(r.line),
		Name: nameOfKey(key).String(), Text: text, Fix: fix})
}

// node makes the body of one name's node; nothing if it has an error.
func (c *compilation) node(dst, key []byte, group []fileRecord) []byte {
	if plainGroup(group) {
		return appendPlain(dst, group)
	}
	// By type, and as in the file among those of one.
	slices.SortStableFunc(group, func(a, b fileRecord) int { return int(a.t) - int(b.t) })
	var sets []zone.RRset
	var first []fileRecord // of each set
	for _, r := range group {
		if len(sets) == 0 || sets[len(sets)-1].Type != r.t {
			sets = append(sets, zone.RRset{Type: r.t, TTL: r.ttl})
			first = append(first, r)
		}
		s := &sets[len(sets)-1]
		if s.TTL != r.ttl {
			c.report(zone.Warning, "ttl-mismatch", key, r, fmt.Sprintf("%s has several TTLs; the smallest is served", r.t), "give all records of a set one TTL (RFC 2181 5.2)")
			s.TTL = min(s.TTL, r.ttl)
		}
		s.Data = append(s.Data, zone.Rdata(r.data))
	}
	good := true
	for i := range sets {
		sets[i].Normalize()
		good = c.checkSet(key, sets, sets[i], first[i]) && good
	}
	if !good {
		return dst
	}
	return appendBody(dst, sets)
}

// plainGroup tells of the many names that nothing can be wrong with: one record of each type, by type, none of which may
// only be in some places.
func plainGroup(group []fileRecord) bool {
	for i, r := range group {
		if i > 0 && group[i-1].t >= r.t || r.t == zone.TypeSOA || r.t == zone.TypeCNAME && len(group) > 1 || len(r.data)+2 > zone.MaxRRset {
			return false
		}
	}
	return true
}

// appendPlain is appendBody for a plainGroup.
func appendPlain(dst []byte, group []fileRecord) []byte {
	at := len(dst)
	dst = append(dst, 0)
	for _, r := range group {
		dst[at] |= byte(flagOf(r.t))
		dst = append(dst, 1)
		dst = binary.AppendUvarint(dst, uint64(len(r.data)+recordHeader))
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.t))
		dst = binary.BigEndian.AppendUint16(dst, classIN)
		dst = binary.BigEndian.AppendUint32(dst, r.ttl)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.data)))
		dst = append(dst, r.data...)
	}
	return dst
}

// checkSet tells whether a set, one of a name's sets, may be there.
func (c *compilation) checkSet(key []byte, sets []zone.RRset, s zone.RRset, at fileRecord) bool {
	fail := func(check, text, fix string) bool {
		c.report(zone.Error, check, key, at, text, fix)
		return false
	}
	if err := s.Extent().Fit(); err != nil {
		return fail("rrset-too-large", fmt.Sprintf("%s: %v", s.Type, err), "spread the records over several names")
	}
	switch {
	case s.Type == zone.TypeSOA && !bytes.Equal(key, c.sources[at.source].zone.key):
		return fail("soa-not-apex", "a second SOA, below the apex", "give each zone one file")
	case len(s.Data) > 1 && (s.Type == zone.TypeSOA || s.Type == zone.TypeCNAME || s.Type == zone.TypeDNAME):
		return fail("several-"+strings.ToLower(s.Type.String()), fmt.Sprintf("%d %s records, one is allowed", len(s.Data), s.Type), "")
	case s.Type == zone.TypeCNAME && slices.ContainsFunc(sets, notBesideCNAME):
		return fail("cname-and-other-data", "CNAME beside other records (RFC 1034 3.6.2)", "keep one of them")
	}
	return true
}

// notBesideCNAME leaves out the types of RFC 4034 that may stand beside a CNAME.
func notBesideCNAME(s zone.RRset) bool {
	switch uint16(s.Type) {
	case dns.TypeCNAME, dns.TypeRRSIG, dns.TypeNSEC, dns.TypeKEY:
		return false
	}
	return true
}
