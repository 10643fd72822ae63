package zonefile

import (
	"encoding/binary"
	"slices"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// SOA holds what zones without a SOA record of their own get, and what a SOA record leaves out. Times are seconds.
type SOA struct {
	MName   string `yaml:"mname"` // absolute name of the primary; "" is the first of the apex's NS in canonical order, or the apex
	RName   string `yaml:"rname"` // mailbox as a name; "" is hostmaster.<apex>
	Refresh uint32 `yaml:"refresh"`
	Retry   uint32 `yaml:"retry"`
	Expire  uint32 `yaml:"expire"`
	Minimum uint32 `yaml:"minimum"` // TTL of negative answers, RFC 2308
}

// serial stands in the stored SOA; the proxy puts the release in its place unless the zone says serial: literal.
const serial = 1

// soaValues is what a record says; names that are "" come from the defaults.
type soaValues struct {
	mname, rname zone.Name
	times        [4]uint32
}

func (b *builder) soaDefaults() soaValues {
	d := b.opt.DefaultSOA
	v := soaValues{times: [4]uint32{d.Refresh, d.Retry, d.Expire, d.Minimum}}
	v.mname, _ = zone.ParseName(d.MName) // Options are checked where they come from; "" stays ""
	v.rname, _ = zone.ParseName(d.RName)
	return v
}

var soaTimes = [4]string{"refresh", "retry", "expire", "minimum"}

// soa reads a SOA value. The primary's name may depend on NS records further down, so finish completes it.
func soa(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	f, ok := r.object(n, "a SOA value", 0, "mname", "rname", "refresh", "retry", "expire", "minimum")
	if !ok {
		return "", false
	}
	v := r.soaDefaults()
	good := true
	if m := f["mname"]; m != nil {
		v.mname, good = r.target(m, "mname")
	}
	if m := f["rname"]; m != nil && good {
		v.rname, good = r.target(m, "rname")
	}
	for i, k := range soaTimes {
		if m := f[k]; m != nil && good {
			var t int64
			t, good = r.integer(m, k, 0, zone.MaxTTL)
			v.times[i] = uint32(t)
		}
	}
	r.soa = v
	return zone.Rdata("\x00"), good // in place of the real one until finish
}

// finish completes the zone: its SOA, and what can be judged only once all files are read.
func (b *builder) finish(firstFile string) {
	b.checkNames()
	ns, _ := b.taken(key{b.apex, zone.TypeNS})
	apexNS := ns.Human.Set.Data
	at := -1
	for i, rec := range b.records {
		if rec.Owner == b.apex && rec.Human.Set.Type == zone.TypeSOA {
			at = i
		}
	}
	if at < 0 {
		b.soa = b.soaDefaults()
		at = len(b.records)
		b.records = append(b.records, Record{Owner: b.apex, Human: row.HumanRecord{Zone: b.apex, File: firstFile,
			Set: zone.RRset{Type: zone.TypeSOA, TTL: b.opt.DefaultTTL}}})
	} else {
		b.written-- // a SOA alone is not what a zone is for: see Zone.Written
	}
	v := b.soa
	if v.mname == "" && len(apexNS) > 0 {
		v.mname = zone.Name(apexNS[0])
	}
	if v.mname == "" {
		v.mname = b.apex
	}
	if v.rname == "" {
		v.rname, _ = b.apex.Child("hostmaster")
	}
	if v.rname == "" {
		v.rname = b.apex // an apex too long to have a child
	}
	data := append([]byte(v.mname), v.rname...)
	for _, t := range [5]uint32{serial, v.times[0], v.times[1], v.times[2], v.times[3]} {
		data = binary.BigEndian.AppendUint32(data, t)
	}
	b.records[at].Human.Set.Data = []zone.Rdata{zone.Rdata(data)}
	if len(apexNS) == 0 && !slices.ContainsFunc(b.problems, isError) {
		b.problems = append(b.problems, zone.Problem{Check: "no-ns", Severity: zone.Warning, File: b.opt.Prefix + firstFile, Line: 1, Column: 1,
			Name: b.apex.String(), Text: "the zone has no NS records of its own", Fix: "add a record of type NS at ''"})
	}
}
