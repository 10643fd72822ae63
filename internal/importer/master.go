package importer

import (
	"fmt"
	"io"
	"slices"

	"zonecast/internal/masterfile"
	"zonecast/internal/zone"
)

// Master reads an RFC 1035 file with what it includes. Names before any $ORIGIN are relative to origin, or to the owner of the SOA if that is "".
func (r *Reading) Master(path string, origin zone.Name) {
	masterfile.Read(path, origin, r.give, r.problem)
	r.flush(path)
}

// ZoneFile reads the file of a zone of named.conf. BIND does not serve it without the SOA of that zone.
func (r *Reading) ZoneFile(z NamedZone) {
	before := len(r.Problems)
	r.Master(z.File, z.Name)
	if r.zones[z.Name] == nil && !slices.ContainsFunc(r.Problems[before:], func(p zone.Problem) bool { return p.Severity == zone.Error }) {
		p := z.Place.problem("import-outside", fmt.Sprintf("there is no SOA record of the zone in %s", z.File), "mend the file's $ORIGIN, or the zone's name")
		p.Name = z.Name.String()
		r.problem(p)
	}
}

// MasterFrom reads an RFC 1035 file from standard input or another stream; name stands for it in problems.
func (r *Reading) MasterFrom(in io.Reader, name string, origin zone.Name) {
	masterfile.ReadFrom(in, name, origin, r.give, r.problem)
	r.flush(name)
}

func (r *Reading) give(m *masterfile.Record) {
	r.add(zone.Name(m.Name), m.Type, m.TTL, zone.Rdata(m.Data), Place{m.File, m.Line})
}
