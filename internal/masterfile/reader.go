package masterfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zonecast/internal/zone"
)

// Record is one record with its place. Its octets are the reader's: they hold until the next record.
type Record struct {
	Name []byte // owner, wire form, lower case
	Type zone.Type
	TTL  uint32 // seconds, at most zone.MaxTTL
	Data []byte // wire form, names in it in lower case (zone.Rdata)
	File string // as the first file was given: relative to the working folder, or absolute
	Line int    // where its entry begins, from 1
}

// Read reads the file at path, and what it includes, and gives its records. What is wrong is reported, with file, line and,
// for bad-syntax, column. Names before any $ORIGIN are relative to origin, and where that is "" to the owner of the first
// SOA, once it has been read.
func Read(path string, origin zone.Name, give func(*Record), report func(zone.Problem)) {
	abs, err := filepath.Abs(path)
	if err == nil {
		var file *os.File
		if file, err = os.Open(abs); err == nil {
			defer file.Close()
			p := &parser{given: path, give: give, report: report}
			p.first(&frame{in: newInput(file, inputBlock), path: abs, shown: display(path, abs)}, origin)
			return
		}
	}
	report(zone.Problem{Check: unreadable, Severity: zone.Error, File: path, Text: withoutPath(err)})
}

// withoutPath leaves out of an error what stands beside it already.
func withoutPath(err error) string {
	if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
		err = pathError.Err
	}
	return err.Error()
}

// ReadFrom reads records from r as Read does; name stands for the file in problems, and files are included
// relative to the working folder.
func ReadFrom(r io.Reader, name string, origin zone.Name, give func(*Record), report func(zone.Problem)) {
	abs, err := filepath.Abs(name)
	if err != nil {
		abs = "/" + name
	}
	p := &parser{given: name, give: give, report: report}
	p.first(&frame{in: newInput(r, inputBlock), path: abs, shown: name}, origin)
}

// byteOrderMark is what some editors put before text in UTF-8. It is no part of the first name.
var byteOrderMark = []byte("\xef\xbb\xbf")

// first reads the frame that nothing includes.
func (p *parser) first(f *frame, origin zone.Name) {
	if origin != "" {
		f.origin = []byte(origin)
	}
	for f.in.end-f.in.start < len(byteOrderMark) && f.in.fill() {
	}
	if bytes.HasPrefix(f.in.buf[f.in.start:f.in.end], byteOrderMark) {
		f.in.start += len(byteOrderMark)
	}
	p.read(f)
}

// The checks of what is reported.
const (
	unreadable = "unreadable" // a file that is not there, or gives no octets
	badSyntax  = "bad-syntax" // cannot be understood
	badRecord  = "bad-record" // can be understood, and not served
)

// maxDepth of includes within each other is miekg/dns's. It bounds no time: files that each include the next ten times over
// are a million at that depth. So all includes are counted (P9).
const (
	maxDepth    = 7
	maxIncluded = 1 << 14
)

// parser reads one file with all that it includes.
type parser struct {
	given  string // the first file as it was named
	give   func(*Record)
	report func(zone.Problem)
	open   []*frame // the file and the includes within each other
	soa    bool     // the first SOA has been read

	problems int // reported
	included int // files

	rec  Record
	name [zone.MaxName + 1]byte // being read
	data []byte                 // being read
}

// frame is one file being read, with what holds at the entry that comes next.
type frame struct {
	in    *input
	path  string // absolute
	shown string
	line  int // of the entry, from 1

	origin    []byte // wire form; nil is none
	ttl       uint32
	hasTTL    bool
	directive bool   // ttl is from $TTL, and the records' own do not change it
	owner     []byte // of the entry before; nil is none
	ownerText []byte // as it stood there under this origin; nil if it was not read here
	lost      bool   // the owner of the entry before could not be read
	generated bool   // the entries are made by a $GENERATE: they are all of its line
}

// read gives all entries of a frame.
func (p *parser) read(f *frame) {
	p.open = append(p.open, f)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	for f.line = 1; ; {
		line, ok := f.in.line()
		if !ok {
			break
		}
		if len(line) == 0 || line[0] == ';' || p.common(f, line) {
			f.in.take(len(line))
			f.line++
			continue
		}
		text, err := f.in.entry()
		if err != nil {
			p.problem(f, zone.Problem{Check: badSyntax, Text: err.Error()})
			return
		}
		if !p.entry(f, text) {
			return
		}
		f.line += bytes.Count(text, []byte{'\n'})
	}
	switch err := f.in.err; {
	case errors.Is(err, errEntryTooLong):
		p.problem(f, zone.Problem{Check: badSyntax, Text: err.Error()})
	case err != nil:
		p.problem(f, zone.Problem{Check: unreadable, Text: withoutPath(err)})
	}
}

// entry reads what common did not; false ends the file.
func (p *parser) entry(f *frame, text []byte) bool {
	word, _, _ := bytes.Cut(text, []byte{'\n'})
	if i := bytes.IndexAny(word, " \t"); i >= 0 {
		word = word[:i]
	}
	switch strings.ToUpper(string(word)) {
	case "$TTL", "$ORIGIN":
		return p.directive(f, text)
	case "$INCLUDE":
		p.include(f, text)
		return true
	case "$GENERATE":
		p.generate(f, text)
		return true
	}
	p.rare(f, text)
	return true
}

// emit gives the record in p.rec, whose owner becomes that of the entries after it.
func (p *parser) emit(f *frame) {
	p.rec.File, p.rec.Line = f.shown, f.line
	if p.rec.Type == zone.TypeSOA && !p.soa {
		p.soa = true
		for _, o := range p.open {
			if o.origin == nil {
				o.origin, o.ownerText = bytes.Clone(p.rec.Name), nil
			}
		}
	}
	p.give(&p.rec)
}

func (p *parser) problem(f *frame, problem zone.Problem) {
	p.problems++
	problem.Severity, problem.File = zone.Error, f.shown
	if problem.Line == 0 {
		problem.Line = f.line
	}
	p.report(problem)
}

// display shows an absolute path the way the first file was given: relative to the working folder, or not.
func display(given, name string) string {
	name = "/" + strings.TrimLeft(name, "/")
	if filepath.IsAbs(given) {
		return name
	}
	if folder, err := filepath.Abs("."); err == nil {
		if relative, err := filepath.Rel(folder, name); err == nil {
			return relative
		}
	}
	return name
}

var (
	errLoop     = errors.New("the file includes itself")
	errIncludes = errors.New("more than 16,384 files are included")
)

// mayInclude bounds includes (P9).
func (p *parser) mayInclude(path string) error {
	if slices.ContainsFunc(p.open, func(o *frame) bool { return o.path == path }) {
		return errLoop
	}
	if p.included++; p.included > maxIncluded {
		return errIncludes
	}
	return nil
}
