package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync/atomic"

	"github.com/miekg/dns"

	"zonecast/internal/masterfile"
	"zonecast/internal/zone"
)

// ErrProblems says that a compilation gave errors among its problems, and no file.
var ErrProblems = errors.New("zone files have errors")

// ErrInput says that the file to write is one of those to read.
var ErrInput = errors.New("is read, and would be written over")

// ZoneFiles says what to compile.
type ZoneFiles struct {
	Paths []string  // RFC 1035 files ($ORIGIN, $TTL, $INCLUDE, $GENERATE), one zone each; "-" is Stdin
	Stdin io.Reader // what "-" stands for
	Seed  Seed      // zero: follows from the content

	// Origin of names before any $ORIGIN, for one file; "": the owner of its SOA.
	Origin zone.Name
}

// ErrStopped says that a compilation was asked to stop (Progress.Stop).
var ErrStopped = errors.New("stopped: nothing written")

// Progress of a compilation, for whoever watches it meanwhile.
type Progress struct {
	Records atomic.Int64 // read so far, in steps of progressStep
	Writing atomic.Bool  // all are read
	Stop    atomic.Bool  // set by the watcher: the writing ends with ErrStopped, and leaves nothing behind
}

const progressStep = 1 << 12

// Compile compiles zone files into a snapshot at out. All problems of all files come back, in order of place; with an error
// among them nothing is written and err is ErrProblems. Zones get serial: literal and timestamp: off. Where one file's zone stands
// below another's, the upper file's records there (delegation and glue) give way, all but the DS of its apex.
//
// It fails with ErrInput rather than write over a file that it reads.
func (z ZoneFiles) Compile(out string, progress *Progress) (Stat, []zone.Problem, error) {
	if path, ok := sameFile(out, slices.Values(z.Paths)); ok {
		return Stat{}, nil, fmt.Errorf("%s: %w", path, ErrInput)
	}
	c := z.read(progress)
	if path, ok := sameFile(out, c.read); ok {
		return Stat{}, c.problems(), fmt.Errorf("%s: %w", path, ErrInput)
	}
	if c.failed() {
		_ = c.nodes(func(key, body []byte) error { return nil }) // for what is wrong further on
		return Stat{}, c.problems(), ErrProblems
	}
	stat, err := writeFile(out, c.write)
	if errors.Is(err, ErrProblems) {
		err = ErrProblems
	}
	return stat, c.problems(), err
}

// zoneFile is one file's zone, with what is wrong in it.
type zoneFile struct {
	path   string
	apex   zone.Name // "" without a SOA record
	key    []byte    // of the apex
	hasNS  bool
	signed bool // a signature was read

	problems []zone.Problem
	errors   int // among all problems, those past maxProblems too
	dropped  int // problems past maxProblems
}

// maxProblems bounds what is reported of one file (P9).
const maxProblems = 1000

func (f *zoneFile) note(p zone.Problem) {
	if p.Severity == zone.Error {
		f.errors++
	}
	if len(f.problems) == maxProblems {
		f.dropped++
		return
	}
	f.problems = append(f.problems, p)
}

// report notes an error of the file itself.
func (f *zoneFile) report(check string, name zone.Name, text, fix string) {
	f.note(zone.Problem{Check: check, Severity: zone.Error, File: f.path, Name: name.String(), Text: text, Fix: fix})
}

// compilation holds the records of all files, sorted by owner while they are read.
type compilation struct {
	seed     Seed
	progress *Progress
	files    []*zoneFile
	sources  []recordSource
	records  *runs

	owner []byte // of the record put last
	key   []byte // of the same
	body  []byte

	apexes []*zoneFile // one for each apex, in canonical order
	open   []*zoneFile // those that the group being made is under
	next   int         // apexes before this one have been passed
}

// recordSource is a file that records are in: a zone's own, or one that it includes.
type recordSource struct {
	shown string
	zone  *zoneFile
}

func (z ZoneFiles) read(progress *Progress) *compilation {
	if progress == nil {
		progress = &Progress{}
	}
	c := &compilation{seed: z.Seed, progress: progress, records: newRuns()}
	byApex := make(map[zone.Name]*zoneFile)
	for _, path := range z.Paths {
		f := c.readFile(path, z)
		other, twice := byApex[f.apex]
		switch {
		case f.apex == "" && f.errors == 0:
			f.report("no-soa", "", "no SOA record", "a zone file holds one zone, with its SOA")
		case f.apex == "":
		case twice:
			f.report("zone-twice", f.apex, "zone is in "+other.path+" too", "give each zone one file")
		default:
			byApex[f.apex] = f
			c.apexes = append(c.apexes, f)
		}
	}
	slices.SortFunc(c.apexes, func(a, b *zoneFile) int { return a.apex.Compare(b.apex) })
	c.records.flush()
	progress.Writing.Store(true)
	return c
}

func (c *compilation) readFile(path string, z ZoneFiles) *zoneFile {
	f := &zoneFile{path: path}
	c.files = append(c.files, f)
	c.owner = nil
	source, shown := -1, ""
	count := 0
	give := func(r *masterfile.Record) {
		if source < 0 || shown != r.File {
			source, shown = c.source(f, r.File), r.File
		}
		if r.Type == zone.TypeSOA && f.apex == "" {
			f.apex = zone.Name(r.Name)
			f.key = appendKey(nil, f.apex)
		}
		if r.Type == typeRRSIG && !f.signed {
			f.signed = true
			f.note(zone.Problem{Check: "signed-zone", Severity: zone.Warning, File: r.File, Line: r.Line, Name: zone.Name(r.Name).String(),
				Text: "the zone is signed, and answers carry no signatures: whoever validates takes it for bogus", Fix: "serve the unsigned zone, and take its DS out of the zone above"})
		}
		c.put(r, uint32(source)) //nolint:gosec // files
		if count++; count%progressStep == 0 {
			c.progress.Records.Add(progressStep)
		}
	}
	if path == "-" && z.Stdin != nil {
		f.path = "standard input"
		masterfile.ReadFrom(z.Stdin, f.path, z.Origin, give, f.note)
	} else {
		masterfile.Read(path, z.Origin, give, f.note)
	}
	c.progress.Records.Add(int64(count % progressStep))
	return f
}

// read gives the files that records are in.
func (c *compilation) read(yield func(string) bool) {
	for _, s := range c.sources {
		if !yield(s.shown) {
			return
		}
	}
}

// sameFile finds the path among others that is the same file.
func sameFile(path string, others iter.Seq[string]) (other string, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false // nothing is there
	}
	for other := range others {
		if o, err := os.Stat(other); err == nil && os.SameFile(info, o) {
			return other, true
		}
	}
	return "", false
}

// source gives the number of a file that records are in. There are few.
func (c *compilation) source(f *zoneFile, shown string) int {
	s := recordSource{shown, f}
	if i := slices.Index(c.sources, s); i >= 0 {
		return i
	}
	c.sources = append(c.sources, s)
	return len(c.sources) - 1
}

const typeRRSIG = zone.Type(dns.TypeRRSIG)

// recordFront is what stands before a record's data: type 2, TTL 4, source 4, line 4, length 2.
const recordFront = 16

// put stores a record: with the one before it, if the owner is the same.
func (c *compilation) put(r *masterfile.Record, source uint32) {
	b := binary.BigEndian.AppendUint16(c.body[:0], uint16(r.Type))
	b = binary.BigEndian.AppendUint32(b, r.TTL)
	b = binary.BigEndian.AppendUint32(b, source)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Line)) //nolint:gosec // a file of 4 G lines is none
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Data)))
	c.body = append(b, r.Data...)
	if c.owner != nil && string(r.Name) == string(c.owner) {
		if c.records.extend(c.body) {
			return
		}
	} else {
		c.owner = append(c.owner[:0], r.Name...)
		c.key = appendKey(c.key[:0], r.Name)
	}
	c.records.put(c.key, c.body)
}

func (c *compilation) failed() bool {
	return slices.ContainsFunc(c.files, func(f *zoneFile) bool { return f.errors > 0 })
}

// write writes the snapshot, or fails with ErrProblems.
func (c *compilation) write(out target) (Stat, error) {
	zones := make([]Zone, len(c.apexes))
	for i, f := range c.apexes {
		zones[i] = Zone{Apex: f.apex, SerialLiteral: true}
	}
	w, err := newWriter(out, c.seed, zones)
	if err != nil {
		return Stat{}, err
	}
	err = w.feed(func(add func(key, body []byte) error) error {
		return c.nodes(func(key, body []byte) error {
			if c.progress.Stop.Load() {
				return ErrStopped
			}
			return add(key, body)
		})
	})
	if err != nil {
		return Stat{}, err
	}
	if c.failed() {
		return Stat{}, ErrProblems
	}
	c.records = newRuns()
	return w.finish()
}

// problems of all files, in order of place.
func (c *compilation) problems() []zone.Problem {
	var list []zone.Problem
	for _, f := range c.files {
		list = append(list, f.problems...)
		if f.dropped > 0 {
			list = append(list, zone.Problem{Check: "too-many-problems", Severity: zone.Error, File: f.path,
				Text: fmt.Sprintf("%d more problems are not shown", f.dropped)})
		}
	}
	slices.SortStableFunc(list, zone.Problem.ComparePlace)
	return list
}
