package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// readZoneFile parses a file; what is wrong with it is among its problems.
func readZoneFile(path string) *zoneFile {
	f := &zoneFile{path: path, files: []string{path}}
	apex, err := findApex(path)
	if err != nil {
		f.syntax(path, err)
		return f
	}
	if apex == "" {
		f.report("no-soa", 0, "", "no SOA record", "a zone file holds one zone, with its SOA")
		return f
	}
	f.apex = apex
	source, err := openSource(path)
	if err != nil {
		f.syntax(path, err)
		return f
	}
	defer source.closeAll()
	parser := source.parser(apex.String())
	hasNS := false
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		r, err := f.record(rr, source)
		switch {
		case err != nil:
			f.reportRecord(zone.Error, "bad-record", r, err.Error(), "")
		case !r.name.Under(apex):
			f.reportRecord(zone.Error, "outside-zone", r, fmt.Sprintf("%s is outside the zone %s", r.t, apex), "is a final dot too many, or one missing in $ORIGIN?")
		default:
			hasNS = hasNS || r.t == zone.TypeNS && r.name == apex
			f.put(r)
		}
		source.mark()
	}
	if err := parser.Err(); err != nil {
		f.syntax(path, err)
	} else if !hasNS {
		f.report("no-apex-ns", 0, apex, "no NS records at the zone's apex", "name its servers")
	}
	return f
}

// findApex gives the owner of the file's SOA, which is the origin of names before any $ORIGIN; "" without one.
func findApex(path string) (zone.Name, error) {
	source, err := openSource(path)
	if err != nil {
		return "", err
	}
	defer source.closeAll()
	parser := source.parser("")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if rr.Header().Rrtype == dns.TypeSOA {
			return zone.ParseName(rr.Header().Name)
		}
	}
	return "", parser.Err()
}

func (f *zoneFile) record(rr dns.RR, source *source) (r fileRecord, err error) {
	file, line := source.place()
	r.line = line
	if r.file = slices.Index(f.files, file); r.file < 0 {
		r.file = len(f.files)
		f.files = append(f.files, file)
	}
	h := rr.Header()
	r.t, r.ttl = zone.Type(h.Rrtype), h.Ttl
	if r.name, err = zone.ParseName(h.Name); err != nil {
		return r, err
	}
	if h.Class != dns.ClassINET {
		return r, fmt.Errorf("class %s: only IN is served", dns.Class(h.Class))
	}
	if r.ttl > zone.MaxTTL {
		return r, fmt.Errorf("TTL %d: at most %d (RFC 2181 8)", r.ttl, zone.MaxTTL)
	}
	r.data, err = zone.RdataOf(rr)
	return r, err
}

// parseError is how miekg/dns prints a place: it does not export it.
var parseError = regexp.MustCompile(`^(?:(.*): )?dns: (.*) at line: (\d+):(\d+)$`)

func (f *zoneFile) syntax(path string, err error) {
	p := zone.Problem{Check: "bad-syntax", Severity: zone.Error, File: path, Text: err.Error()}
	var parse *dns.ParseError
	if m := parseError.FindStringSubmatch(err.Error()); m != nil && errors.As(err, &parse) {
		p.Text = m[2]
		if m[1] != "" {
			p.File = display(path, m[1])
		}
		p.Line, _ = strconv.Atoi(m[3])
		p.Column, _ = strconv.Atoi(m[4])
	}
	f.note(p)
}

// source is a zone file and the files it includes, with the place that the parser has reached. miekg/dns reads
// octet by octet from what is an io.ByteReader, and opens includes through an fs.FS: so lines can be counted.
type source struct {
	path string // as given
	abs  string
	open []*lines // the file and the includes within each other
}

func openSource(path string) (*source, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, abs: abs}
	_, err = s.Open(abs)
	return s, err
}

// Open gives a file to the parser. miekg/dns takes the leading slash of the absolute path away.
func (s *source) Open(name string) (fs.File, error) {
	name = "/" + strings.TrimLeft(name, "/")
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	l := &lines{File: file, r: bufio.NewReader(file), source: s, name: display(s.path, name), line: 1, start: 1, atStart: true}
	s.open = append(s.open, l)
	return l, nil
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

func (s *source) parser(origin string) *dns.ZoneParser {
	parser := dns.NewZoneParser(s.open[0], origin, s.abs)
	parser.SetIncludeAllowed(true)
	parser.SetIncludeFS(s)
	return parser
}

// place is where the record that the parser gave last begins.
func (s *source) place() (file string, line int) {
	l := s.open[len(s.open)-1]
	return l.name, l.start
}

// mark lets the next record begin.
func (s *source) mark() { s.open[len(s.open)-1].begun = false }

func (s *source) closeAll() {
	for _, l := range s.open {
		l.File.Close()
	}
	s.open = nil
}

// lines counts the lines of one file as the parser reads it.
type lines struct {
	*os.File
	r       *bufio.Reader
	source  *source
	name    string
	line    int  // of the next octet
	start   int  // where the record being read begins
	begun   bool // start is set
	atStart bool // of a line
	skip    bool // the rest of this line: a comment or a directive without records
}

// ReadByte is what the parser's lexer calls.
func (l *lines) ReadByte() (byte, error) {
	c, err := l.r.ReadByte()
	if err != nil {
		return 0, err
	}
	switch {
	case c == '\n':
		l.line++
		l.atStart, l.skip = true, false
		return c, nil
	case l.atStart && c == '$':
		// $GENERATE gives records; the other directives do not.
		next, err := l.r.Peek(1)
		l.skip = err != nil || next[0] != 'G' && next[0] != 'g'
	case c == ';' && !l.begun:
		l.skip = true
	}
	l.atStart = false
	if !l.begun && !l.skip && c != ' ' && c != '\t' && c != '\r' {
		l.begun, l.start = true, l.line
	}
	return c, nil
}

// Read is not used by the parser, which reads octets.
func (l *lines) Read(p []byte) (int, error) { return 0, io.ErrNoProgress }

// Close leaves an include.
func (l *lines) Close() error {
	l.source.open = slices.DeleteFunc(l.source.open, func(o *lines) bool { return o == l })
	return l.File.Close()
}
