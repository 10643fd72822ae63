package export

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// Format is what is written.
type Format string

// The formats.
const (
	RFC1035     Format = "rfc1035"      // zone files: NSD, Knot, BIND, PowerDNS and the like
	TinyDNS     Format = "tinydns"      // one data file for tinydns-data
	Unbound     Format = "unbound"      // one file of local-zone and local-data
	UnboundAuth Format = "unbound-auth" // zone files, and a file of auth-zone clauses for them
	Hosts       Format = "hosts"        // addresses and names (hosts(5))
	OctoDNS     Format = "octodns"      // zone files in YAML, as octoDNS has them
	ZoneYAML    Format = "zones"        // and as this program has them
)

// Formats lists them.
var Formats = []Format{RFC1035, TinyDNS, Unbound, UnboundAuth, Hosts, OctoDNS, ZoneYAML}

// Folder tells whether the format takes a file for each zone.
func (f Format) Folder() bool { return f == RFC1035 || f == UnboundAuth || f.YAML() }

// YAML tells whether the format is one of Job.YAML's.
func (f Format) YAML() bool { return f == OctoDNS || f == ZoneYAML }

// Job says what to write of which zones.
type Job struct {
	Format Format
	// Serial for zones whose serial follows the release. 0 leaves what the content has: only releases have versions.
	Serial uint32
	// Zones that are wanted; nil: all.
	Zones []zone.Name
	// Folder is where the files of an auth-zone clause will stand, as Unbound is to find them.
	Folder string
	// YAML writes the records of a zone, and fails for those that it has no word for: the format belongs to the presenter.
	// octo leaves out what octoDNS does not know. It keeps a zone's records in memory.
	YAML func(w io.Writer, apex zone.Name, names iter.Seq2[zone.Name, []zone.RRset], octo bool) error
}

// File is one file of an export.
type File struct {
	Name  string // within a folder; "" where there is one file for all
	Write func(io.Writer) (Losses, error)
}

// Files gives what an export consists of. A zone that is wanted and not there is an error: it may have been misspelt, or
// taken away, and an export without it would be an empty one.
func (j Job) Files(c snapshot.Content) ([]File, error) {
	zones, err := j.Choose(c.Zones())
	if err != nil {
		return nil, err
	}
	if !j.Format.Folder() {
		return []File{{Write: func(w io.Writer) (Losses, error) { return j.write(w, c, zones) }}}, nil
	}
	files := make([]File, 0, len(zones)+1)
	named := make(map[string]zone.Name, len(zones))
	for _, z := range zones {
		name := FileName(z.Apex)
		if j.Format.YAML() {
			if name, err = yamlName(z.Apex); err != nil {
				return nil, err
			}
		}
		if other, taken := named[name]; taken {
			return nil, fmt.Errorf("zones %s and %s would both be the file %s; choose with --zone", other, z.Apex, name)
		}
		named[name] = z.Apex
		files = append(files, File{Name: name, Write: func(w io.Writer) (Losses, error) {
			return j.write(w, c, []snapshot.Zone{z})
		}})
	}
	if j.Format == UnboundAuth {
		files = append(files, File{Name: authFile, Write: func(w io.Writer) (Losses, error) { return Losses{}, j.clauses(w, zones) }})
	}
	return files, nil
}

// FileName of a zone in a folder. A slash in a label (RFC 2317) must not lead out of it.
func FileName(apex zone.Name) string {
	if apex == zone.Root {
		return "root.zone"
	}
	return strings.ReplaceAll(apex.String(), "/", "_") + "zone"
}

// Choose gives those of the zones that are wanted, in canonical order.
func (j Job) Choose(all []snapshot.Zone) ([]snapshot.Zone, error) {
	if j.Zones == nil {
		return all, nil
	}
	var zones []snapshot.Zone
	for _, want := range j.Zones {
		at, ok := slices.BinarySearchFunc(all, want, func(z snapshot.Zone, n zone.Name) int { return z.Apex.Compare(n) })
		if !ok {
			return nil, fmt.Errorf("zone %s is not there", want)
		}
		zones = append(zones, all[at])
	}
	slices.SortFunc(zones, func(a, b snapshot.Zone) int { return a.Apex.Compare(b.Apex) })
	return slices.Compact(zones), nil
}

// scribe writes the nodes of one zone after the other; it leaves errors to the bufio.Writer, which keeps the first.
type scribe interface {
	begin(z snapshot.Zone)
	node(z snapshot.Zone, n snapshot.Node)
}

func (j Job) write(w io.Writer, c snapshot.Content, zones []snapshot.Zone) (losses Losses, err error) {
	switch {
	case j.Format.YAML():
		return j.yaml(w, c, zones[0])
	case j.Format.Folder():
		return j.zoneFiles(w, c, zones)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var s scribe
	switch p := (page{out: out, lost: &losses}); j.Format {
	case TinyDNS:
		s = &tinydns{page: p}
	case Unbound:
		s = &unbound{page: p}
	case Hosts:
		s = &hosts{page: p}
	default:
		return losses, fmt.Errorf("unknown format %q", j.Format)
	}
	fmt.Fprintf(out, "# %s\n", madeBy)
	for _, z := range zones {
		s.begin(z)
		for n, err := range c.Walk(z.Apex) {
			if err != nil {
				return losses, fmt.Errorf("zone %s: %w", z.Apex, err)
			}
			s.node(z, j.numbered(z, n))
		}
	}
	return losses, out.Flush()
}

// madeBy says to who finds the file that the next export will replace it.
const madeBy = "written by zonecast export: changes here are lost with the next one"

// page is what every scribe writes on.
type page struct {
	out  *bufio.Writer
	lost *Losses
}

// numbered puts the release's serial into the apex's SOA where it follows the release.
func (j Job) numbered(z snapshot.Zone, n snapshot.Node) snapshot.Node {
	if n.Name != z.Apex || j.Serial == 0 {
		return n
	}
	n.Sets = slices.Clone(n.Sets)
	for i, s := range n.Sets {
		if s.Type == zone.TypeSOA {
			n.Sets[i] = snapshot.WithSerial(z, s, j.Serial)
		}
	}
	return n
}

// zoneFiles leaves the format to package snapshot, which has it for releases.
func (j Job) zoneFiles(w io.Writer, c snapshot.Content, zones []snapshot.Zone) (losses Losses, err error) {
	for _, z := range zones {
		if j.Serial == 0 {
			z.SerialLiteral = true // what the content has is all there is
		}
		err := snapshot.WriteZone(w, z, j.counting(c.Walk(z.Apex), &losses), j.Serial)
		if err != nil {
			return losses, err
		}
	}
	return losses, nil
}
