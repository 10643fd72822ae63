package importer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zonecast/internal/zone"
)

// Bounds of named.conf (P9).
const (
	maxNamedDepth = 16
	maxNamedFiles = 10_000
	maxNamedSize  = 16 << 20 // octets of one file
	maxNamedTotal = 64 << 20 // and of all
)

// NamedZone is one zone that a named.conf serves from a file of its own.
type NamedZone struct {
	Name  zone.Name
	File  string
	View  string
	Place Place
}

// Named reads BIND's named.conf with what it includes, and gives its zones of type primary (or master) in their order. view chooses one where there are views; "" is for a
// configuration without any. Zones of other types are answered from elsewhere, and are passed over with a warning; what cannot be understood is a problem.
func (r *Reading) Named(path, view string) []NamedZone {
	n := &named{r: r, view: view, directory: filepath.Dir(path)}
	n.file(path, Place{})
	n.top()
	views := map[string]bool{}
	var zones []NamedZone
	for _, z := range n.zones {
		if z.View != "" {
			views[z.View] = true
		}
		if z.View == "" || z.View == view {
			if !filepath.IsAbs(z.File) {
				z.File = filepath.Join(n.directory, z.File)
			}
			zones = append(zones, z)
		}
	}
	switch {
	case view != "" && !n.views[view]:
		r.problem(Place{File: path}.problem("import-view", fmt.Sprintf("there is no view %q", view), "its views: "+strings.Join(sortedKeys(n.views), ", ")))
	case view == "" && len(views) > 0:
		r.problem(Place{File: path}.problem("import-view", "it has views, which answer clients differently: everybody gets the same answers here", "choose one with --view: "+strings.Join(sortedKeys(views), ", ")))
	}
	return zones
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// token is a word, a text in quotes, or one of { } ;.
type token struct {
	text   string
	quoted bool
	place  Place
}

func (t token) is(text string) bool { return !t.quoted && t.text == text }

// word is a keyword, which BIND reads in any case.
func (t token) word() string { return strings.ToLower(t.text) }

// named is the reading of one configuration.
type named struct {
	r         *Reading
	view      string
	tokens    []token
	at        int
	open      []string // files within each other
	files     int
	octets    int // of all files
	directory string
	zones     []NamedZone
	views     map[string]bool
}

// file appends the tokens of a file, with those that it includes in their places.
func (n *named) file(path string, from Place) {
	n.files++
	switch {
	case slices.Contains(n.open, path):
		n.r.problem(from.problem("include-loop", path+" includes itself", ""))
		return
	case len(n.open) >= maxNamedDepth || n.files > maxNamedFiles:
		n.r.problem(from.problem("import-bounds", fmt.Sprintf("more than %d includes within each other, or %d in all", maxNamedDepth, maxNamedFiles), ""))
		return
	}
	text, err := readBounded(path)
	if err != nil {
		if from.File == "" {
			from.File = path
		}
		n.r.problem(from.problem("unreadable", err.Error(), ""))
		return
	}
	if n.octets += len(text); n.octets > maxNamedTotal {
		n.r.problem(Place{File: path}.problem("import-bounds", fmt.Sprintf("more than %d MiB with what is included", maxNamedTotal>>20), ""))
		return
	}
	n.open = append(n.open, path)
	tokens := n.scan(text, path)
	for i := 0; i < len(tokens); i++ {
		begins := i == 0 || tokens[i-1].is(";") || tokens[i-1].is("{") || tokens[i-1].is("}")
		if !begins || tokens[i].quoted || tokens[i].word() != "include" || i+2 >= len(tokens) || !tokens[i+2].is(";") {
			n.tokens = append(n.tokens, tokens[i])
			continue
		}
		for _, target := range n.included(tokens[i+1].text) {
			n.file(target, tokens[i].place)
		}
		i += 2
	}
	n.open = n.open[:len(n.open)-1]
}

// included gives the files of an include statement, which may be a pattern. They are relative to the folder of named.conf.
func (n *named) included(target string) []string {
	if !filepath.IsAbs(target) {
		target = filepath.Join(n.directory, target)
	}
	if strings.ContainsAny(target, "*?[") {
		if files, err := filepath.Glob(target); err == nil {
			return files
		}
	}
	return []string{target}
}

func readBounded(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxNamedSize+1))
	if len(text) > maxNamedSize {
		return "", errors.New("larger than 16 MiB")
	}
	return string(text), err
}

// scan splits a text into tokens; comments are those of C, C++ and the shell.
func (n *named) scan(text, path string) (tokens []token) {
	at := Place{path, 1}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n':
			at.Line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '#' || strings.HasPrefix(text[i:], "//"):
			if end := strings.IndexByte(text[i:], '\n'); end >= 0 {
				i += end
			} else {
				i = len(text)
			}
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i:], "*/")
			if end < 0 {
				n.r.problem(at.problem("bad-syntax", "a comment is never closed", "write */"))
				return tokens
			}
			at.Line += strings.Count(text[i:i+end], "\n")
			i += end + 2
		case c == '"':
			end := strings.IndexByte(text[i+1:], '"')
			if end < 0 {
				n.r.problem(at.problem("bad-syntax", "a quotation mark is never closed", ""))
				return tokens
			}
			tokens = append(tokens, token{text[i+1 : i+1+end], true, at})
			at.Line += strings.Count(text[i+1:i+1+end], "\n")
			i += end + 2
		case c == '{' || c == '}' || c == ';':
			tokens = append(tokens, token{string(c), false, at})
			i++
		default:
			end := i
			for end < len(text) && !strings.ContainsRune(" \t\r\n{};\"#", rune(text[end])) {
				end++
			}
			tokens = append(tokens, token{text[i:end], false, at})
			i = end
		}
	}
	return tokens
}

// statement gives the words up to the next ";" or "{", and the tokens inside the braces that follow, if there are any.
func (n *named) statement() (words, body []token, ok bool) {
	for ; n.at < len(n.tokens); n.at++ {
		t := n.tokens[n.at]
		switch {
		case t.is(";"):
			n.at++
			return words, body, true
		case t.is("{"):
			begin, depth := n.at+1, 0
			for ; n.at < len(n.tokens); n.at++ {
				if n.tokens[n.at].is("{") {
					depth++
				} else if n.tokens[n.at].is("}") {
					if depth--; depth == 0 {
						break
					}
				}
			}
			if depth != 0 {
				n.r.problem(t.place.problem("bad-syntax", "a brace is never closed", ""))
				return nil, nil, false
			}
			body = n.tokens[begin:n.at]
		case t.is("}"):
			n.r.problem(t.place.problem("bad-syntax", "a closing brace without an opening one", ""))
			return nil, nil, false
		default:
			words = append(words, t)
		}
	}
	if len(words) > 0 || body != nil {
		n.r.problem(n.tokens[len(n.tokens)-1].place.problem("bad-syntax", "the last statement has no semicolon", ""))
	}
	return nil, nil, false
}

// each reads the statements of a body.
func (n *named) each(body []token, do func(words, body []token)) {
	inner := named{r: n.r, tokens: body}
	for {
		words, body, ok := inner.statement()
		if !ok {
			return
		}
		if len(words) > 0 {
			do(words, body)
		}
	}
}

func (n *named) top() {
	n.views = map[string]bool{}
	n.each(n.tokens, func(words, body []token) {
		switch words[0].word() {
		case "options":
			n.each(body, func(words, _ []token) {
				if words[0].word() == "directory" && len(words) == 2 {
					if n.directory = words[1].text; !filepath.IsAbs(n.directory) && len(n.tokens) > 0 {
						n.directory = filepath.Join(filepath.Dir(n.tokens[0].place.File), n.directory)
					}
				}
			})
		case "view":
			if len(words) < 2 {
				return
			}
			view := words[1].text
			n.views[view] = true
			n.each(body, func(words, body []token) {
				if words[0].word() == "zone" {
					n.zone(words, body, view)
				}
			})
		case "zone":
			n.zone(words, body, "")
		}
	})
}

func (n *named) zone(words, body []token, view string) {
	at := words[0].place
	if len(words) < 2 || len(words) > 2 && !strings.EqualFold(words[2].text, "IN") {
		return // another class than the Internet's
	}
	var kind, file, format string
	n.each(body, func(words, _ []token) {
		if len(words) < 2 {
			return
		}
		switch words[0].word() {
		case "type":
			kind = words[1].word()
		case "file":
			file = words[1].text
		case "masterfile-format":
			format = words[1].word()
		}
	})
	if view != "" && view != n.view {
		n.zones = append(n.zones, NamedZone{View: view}) // noted, so that somebody is told of it
		return
	}
	name, err := zone.ParseName(strings.TrimSuffix(words[1].text, ".") + ".")
	text := words[1].text
	switch {
	case kind != "master" && kind != "primary":
		if kind != "hint" && kind != "forward" {
			p := at.problem("import-kind", fmt.Sprintf("zone %q is of type %s: its data come from elsewhere", text, kind), "import it there, or with --axfr")
			p.Severity = zone.Warning
			n.r.problem(p)
		}
	case err != nil || name == zone.Root:
		n.r.problem(at.problem("bad-name", fmt.Sprintf("%q is no zone that can be served", text), ""))
	case file == "":
		n.r.problem(at.problem("import-kind", fmt.Sprintf("zone %q has no file: its data are in a database", text), "import it with --axfr"))
	case format != "" && format != "text":
		n.r.problem(at.problem("import-kind", fmt.Sprintf("the file of zone %q is of format %s", text, format), "named-compilezone -f "+format+" -F text writes it as text; or import it with --axfr"))
	default:
		n.zones = append(n.zones, NamedZone{Name: name, File: file, View: view, Place: at})
	}
}
