package plan

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"zonecast/internal/zone"
)

// Write writes the plan as JSON, in one line: as Read reads it.
func (p *Plan) Write(w io.Writer) error {
	bare := *p
	bare.Changes = []Change{}
	text, err := json.Marshal(bare)
	if err != nil {
		return err
	}
	// In a string the quotes would be escaped: the first place is the field.
	before, after, _ := bytes.Cut(text, []byte(`"changes":[]`))
	b := append(before[:len(before):len(before)], `"changes":[`...)
	for i := range p.Changes {
		if i > 0 {
			b = append(b, ',')
		}
		if b = p.Changes[i].Append(b); len(b) > 1<<16 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	b = append(append(append(b, ']'), after...), '\n')
	_, err = w.Write(b)
	return err
}

// Append appends the change as JSON. It is written out because encoding/json takes four times as long, and a plan
// may have a hundred thousand of them on their way through three encodings.
func (c *Change) Append(b []byte) []byte {
	b = appendText(append(b, `{"name":`...), c.Name.String())
	b = appendText(append(b, `,"zone":`...), c.Zone.String())
	b = appendText(append(b, `,"kind":`...), string(c.Kind))
	b = append(b, `,"sets":[`...)
	for i := range c.Sets {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.Sets[i].append(b)
	}
	b = appendText(append(b, `],"written":`...), c.Written)
	return append(b, '}')
}

func (s *SetChange) append(b []byte) []byte {
	b = appendText(append(b, `{"type":`...), s.Type.String())
	for _, side := range []struct {
		key string
		set *zone.RRset
	}{{`,"before":`, s.Before}, {`,"after":`, s.After}} {
		if side.set != nil {
			text, _ := side.set.MarshalJSON() // plain fields and texts: cannot fail
			b = append(append(b, side.key...), text...)
		}
	}
	for _, list := range []struct {
		key    string
		causes []Cause
	}{{`,"causes":[`, s.Causes}, {`,"was":[`, s.Was}, {`,"shadows":[`, s.Shadows}, {`,"unshadows":[`, s.Unshadows}} {
		if len(list.causes) == 0 {
			continue
		}
		b = append(b, list.key...)
		for i := range list.causes {
			if i > 0 {
				b = append(b, ',')
			}
			b = list.causes[i].append(b)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func (c *Cause) append(b []byte) []byte {
	begin := len(b) + 1
	text := func(key, value string) {
		if value != "" {
			b = appendText(append(b, key...), value)
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			b = strconv.AppendInt(append(b, key...), value, 10)
		}
	}
	o := c.Origin
	text(`,"source":`, o.Source)
	text(`,"module":`, o.Module)
	text(`,"entity":`, o.Entity)
	text(`,"file":`, o.File)
	text(`,"commit":`, o.Commit)
	text(`,"mode":`, o.Mode)
	text(`,"scope":`, o.Scope)
	text(`,"reason":`, o.Reason)
	number(`,"expires":`, o.Expires)
	text(`,"author":`, o.Author)
	number(`,"line":`, int64(c.Line))
	number(`,"column":`, int64(c.Column))
	text(`,"why":`, c.Why)
	if len(b) < begin {
		return append(b, `{}`...)
	}
	b[begin-1] = '{' // in place of the first comma
	return append(b, '}')
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // a string: cannot fail
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
