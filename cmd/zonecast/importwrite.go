package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zonecast/internal/checkout"
	"zonecast/internal/durable"
	"zonecast/internal/importer"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
	"zonecast/presenter/zonefile/write"
)

// rendered is a zone as it is to be written.
type rendered struct {
	zone  *importer.Zone
	files []checkout.File // of paths below the folder
}

func bytesOf(r rendered) []byte {
	var all []byte
	for _, f := range r.files {
		all = append(all, f.Data...)
	}
	return all
}

// partSize is about how large the files of a large zone are, in octets: well below checkout.MaxFile.
const partSize = 4 << 20

// skipRounds bounds how often a zone is written anew without what could not be read again: one refusal may hide another.
const skipRounds = 20

// ofRecord is a problem with one RRset.
type ofRecord struct {
	zone.Problem
	owner zone.Name
	typ   zone.Type
}

// render writes a zone and reads it again. What is refused then is a problem, with its place in what was imported; with skip it is taken out, until the rest
// is good.
func render(z *importer.Zone, ttl uint32, skip bool) (r rendered, problems []zone.Problem, err error) {
	for range skipRounds {
		r = rendered{zone: z}
		var found []ofRecord
		if r.files, err = parts(z, ttl); err != nil {
			found = unwritable(z, ttl)
		} else {
			found = reread(z, r.files, ttl)
		}
		errs := 0
		for _, p := range found {
			if p.Severity == zone.Error {
				errs++
			}
			problems = append(problems, p.Problem)
		}
		if errs == 0 || !skip {
			return r, problems, nil
		}
		for _, p := range found {
			if p.Severity == zone.Error {
				z.Drop(p.owner, p.typ)
			}
		}
		problems = slices.DeleteFunc(problems, func(p zone.Problem) bool { return p.Severity == zone.Warning })
	}
	return r, problems, fmt.Errorf("%s: it cannot be written so that it can be read", z.Apex)
}

// parts makes the files of a zone: one, or several of some partSize.
func parts(z *importer.Zone, ttl uint32) (files []checkout.File, err error) {
	type name struct {
		text  string
		owner zone.Name
	}
	var names []name
	for owner := range z.All() {
		text, err := write.Relative(owner, z.Apex)
		if err != nil {
			return nil, err
		}
		names = append(names, name{text, owner})
	}
	slices.SortFunc(names, func(a, b name) int { return write.Natural(a.text, b.text) })
	base := strings.ReplaceAll(strings.TrimSuffix(z.Apex.String(), "."), "/", `\047`) // as in 0/25.2.0.192.in-addr.arpa (RFC 2317)
	for begin := 0; begin < len(names) || begin == 0; {
		end, octets := begin, 0
		for ; end < len(names) && octets < partSize; end++ {
			for _, s := range z.Sets(names[end].owner) {
				octets += 100 + 2*s.Size() + 60*len(s.Data)
			}
		}
		var b bytes.Buffer
		err := write.Write(&b, z.Apex, func(yield func(zone.Name, []zone.RRset) bool) {
			for _, n := range names[begin:end] {
				if !yield(n.owner, z.Sets(n.owner)) {
					return
				}
			}
		}, write.Options{TTL: ttl})
		if err != nil {
			return nil, err
		}
		files = append(files, checkout.File{Path: base + ".yaml", Data: b.Bytes()})
		begin = max(end, 1)
	}
	for i := range files {
		if len(files) > 1 {
			files[i].Path = fmt.Sprintf("%s/part-%03d.yaml", base, i+1)
		}
	}
	return files, nil
}

// unwritable finds the RRsets that no zone file can say.
func unwritable(z *importer.Zone, ttl uint32) (found []ofRecord) {
	for owner, sets := range z.All() {
		for _, s := range sets {
			one := iter.Seq2[zone.Name, []zone.RRset](func(yield func(zone.Name, []zone.RRset) bool) { yield(owner, []zone.RRset{s}) })
			if err := write.Write(new(bytes.Buffer), z.Apex, one, write.Options{TTL: ttl}); err != nil {
				found = append(found, at(z, owner, s.Type, zone.Problem{Check: "import-value", Severity: zone.Error, Text: err.Error()}))
			}
		}
	}
	return found
}

func at(z *importer.Zone, owner zone.Name, t zone.Type, p zone.Problem) ofRecord {
	place := z.Place(owner, t)
	p.File, p.Line, p.Column, p.Name = place.File, place.Line, 0, owner.String()
	return ofRecord{p, owner, t}
}

// reread parses what was written, and compares it with what was imported.
func reread(z *importer.Zone, files []checkout.File, ttl uint32) (found []ofRecord) {
	zones, problems := zonefile.Parse(files, zonefile.Options{DefaultTTL: ttl})
	locate := map[string]func(zone.Name, zone.Type) (int, int){}
	for _, p := range problems {
		for _, f := range files {
			if f.Path == p.File && locate[f.Path] == nil {
				locate[f.Path] = zonefile.Locate(f.Path, f.Data)
			}
		}
		owner, _ := zone.ParseName(p.Name)
		typ, begins := zone.TypeSOA, 0
		for _, s := range z.Sets(owner) {
			if line, _ := locate[p.File](owner, s.Type); line <= p.Line && line >= begins {
				typ, begins = s.Type, line
			}
		}
		if z.Sets(owner) == nil {
			owner = z.Apex
		}
		found = append(found, at(z, owner, typ, p))
	}
	if len(zones.Zones) == 1 {
		got := map[zone.Name][]zone.RRset{}
		for _, r := range zones.Zones[0].Records {
			got[r.Owner] = append(got[r.Owner], r.Human.Set)
		}
		for owner, sets := range z.All() {
			for _, s := range sets {
				same, ok := zone.FindSet(got[owner], s.Type)
				if !ok || !same.Equal(withoutSerial(s)) {
					found = append(found, at(z, owner, s.Type, zone.Problem{Check: "import-value", Severity: zone.Error, Text: "what is written is read as something else"}))
				}
			}
		}
	}
	return found
}

// withoutSerial gives a SOA the serial that all have in the store: a release has its own.
func withoutSerial(s zone.RRset) zone.RRset {
	if s.Type != zone.TypeSOA || len(s.Data[0]) < 20 {
		return s
	}
	d := []byte(s.Data[0])
	copy(d[len(d)-20:], "\x00\x00\x00\x01")
	s.Data = []zone.Rdata{zone.Rdata(d)}
	return s
}

// write puts the zones into the folder, each file in one step. None is written when one is there already.
func (f *importFlags) write(done []rendered) (summary []imported, err error) {
	for _, z := range done {
		base, _, folder := strings.Cut(z.files[0].Path, "/")
		if !folder {
			base = strings.TrimSuffix(base, ".yaml")
		}
		for _, path := range []string{base + ".yaml", base + ".yml", base, base + "."} {
			path = filepath.Join(f.out, path)
			_, err := os.Lstat(path)
			switch {
			case err == nil && !f.force:
				return nil, exitCode{1, fmt.Errorf("nothing written: %s is there already; --force replaces it", path)}
			case err == nil && !replaces(path, filepath.Join(f.out, z.files[0].Path)):
				return nil, exitCode{1, fmt.Errorf("nothing written: %s is the zone too: remove it first", path)}
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				return nil, exitCode{2, err}
			}
		}
	}
	for _, z := range done {
		s := imported{Zone: z.zone.Apex, Names: z.zone.Names(), Records: z.zone.Records(), Serial: z.zone.Serial}
		for _, file := range z.files {
			path := filepath.Join(f.out, file.Path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return summary, exitCode{2, err}
			}
			if err := durable.WriteFile(path, file.Data, 0o644); err != nil {
				return summary, exitCode{2, err}
			}
			s.Files = append(s.Files, path)
		}
		if err := dropParts(s.Files); err != nil {
			return summary, exitCode{2, err}
		}
		summary = append(summary, s)
	}
	return summary, nil
}

// dropParts removes what an earlier import of a larger zone has left beside its files.
func dropParts(written []string) error {
	if len(written) == 1 {
		return nil
	}
	old, err := filepath.Glob(filepath.Join(filepath.Dir(written[0]), "part-[0-9][0-9][0-9].yaml"))
	for _, path := range old {
		if !slices.Contains(written, path) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

// replaces tells whether writing a file takes the place of what is there, rather than standing beside it.
func replaces(there, written string) bool {
	return there == written || strings.HasPrefix(written, there+string(filepath.Separator))
}
