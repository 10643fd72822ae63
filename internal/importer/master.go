package importer

import (
	"io"

	"zonecast/internal/masterfile"
	"zonecast/internal/zone"
)

// Master reads an RFC 1035 file with what it includes. Names before any $ORIGIN are relative to origin, or to the owner of the SOA if that is "".
func (r *Reading) Master(path string, origin zone.Name) {
	masterfile.Read(path, origin, r.give, r.problem)
	r.flush(path)
}

// MasterFrom reads an RFC 1035 file from standard input or another stream; name stands for it in problems.
func (r *Reading) MasterFrom(in io.Reader, name string, origin zone.Name) {
	masterfile.ReadFrom(in, name, origin, r.give, r.problem)
	r.flush(name)
}

func (r *Reading) give(m *masterfile.Record) {
	r.add(zone.Name(m.Name), m.Type, m.TTL, zone.Rdata(m.Data), Place{m.File, m.Line})
}
