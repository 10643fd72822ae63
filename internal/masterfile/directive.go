package masterfile

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"strings"

	"zonecast/internal/zone"
)

// directive follows a $TTL or $ORIGIN: miekg/dns reads it, and a record behind it tells what it means.
func (p *parser) directive(f *frame, text []byte) bool {
	text = bytes.Clone(text)
	if !bytes.HasSuffix(text, []byte{'\n'}) {
		text = append(text, '\n')
	}
	ttl := text[1]|0x20 == 't'
	if ttl {
		text = append(text, ". A 192.0.2.1\n"...)
	} else {
		text = append(text, "@"+probe...)
	}
	parser := f.miekg(text, false, 0)
	rr, ok := parser.Next()
	if !ok {
		if err := parser.Err(); err != nil {
			p.syntax(f, text, err)
		}
		return false
	}
	if ttl {
		f.ttl, f.hasTTL, f.directive = rr.Header().Ttl, true, true
		return true
	}
	name, err := zone.ParseName(rr.Header().Name)
	if err != nil {
		p.problem(f, zone.Problem{Check: badSyntax, Text: err.Error()})
		return false
	}
	f.origin, f.ownerText = []byte(name), nil
	return true
}

// include reads the file that an $INCLUDE names, with the origin that it gives, or the present one. It begins with the TTL that
// holds here and without an owner, and nothing of it stays: so one that cannot be followed does not end the file.
func (p *parser) include(f *frame, text []byte) {
	target := &included{}
	parser := f.miekg(text, f.hasTTL, f.ttl)
	parser.SetIncludeAllowed(true)
	parser.SetIncludeFS(target)
	parser.Next() // the first line of what stands for the file: it was opened
	var origin []byte
	if rr, ok := parser.Next(); ok {
		if name, err := zone.ParseName(rr.Header().Name); err == nil {
			origin = []byte(name)
		}
		parser.Next() // past the directive
	}
	if target.file == nil || origin != nil && parser.Err() != nil {
		target.close()
		if target.err != nil {
			p.problem(f, zone.Problem{Check: unreadable, Text: "$INCLUDE: " + target.err.Error()})
			return
		}
		p.syntax(f, text, parser.Err())
		return
	}
	defer target.close()
	if err := p.mayInclude(target.path); err != nil {
		p.problem(f, zone.Problem{Check: badSyntax, Text: err.Error(), Fix: "take the $INCLUDE out"})
		return
	}
	if len(p.open) > maxDepth {
		p.problem(f, zone.Problem{Check: badSyntax, Text: "too deeply nested $INCLUDE"})
		return
	}
	p.read(&frame{in: newInput(target.file, inputBlock), path: target.path, shown: display(p.given, target.path),
		origin: origin, ttl: f.ttl, hasTTL: f.hasTTL, directive: f.directive})
}

// included opens the file that miekg/dns finds an $INCLUDE to mean, and lets two records stand for it: one that tells
// that it was opened, and one whose owner is the origin.
type included struct {
	path string
	file *os.File
	err  error // why it was not opened
}

func (i *included) Open(name string) (fs.File, error) {
	name = "/" + strings.TrimLeft(name, "/")
	file, err := os.Open(name)
	if err != nil {
		i.err = err
		return nil, err
	}
	i.path, i.file = name, file
	return &standIn{File: file, Reader: strings.NewReader("." + probe + "@" + probe)}, nil
}

func (i *included) close() {
	if i.file != nil {
		i.file.Close()
	}
}

type standIn struct {
	fs.File
	io.Reader
}

func (s *standIn) Read(b []byte) (int, error) { return s.Reader.Read(b) }

// Close leaves the file open, which is read afterwards.
func (s *standIn) Close() error { return nil }
