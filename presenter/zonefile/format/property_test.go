package format

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zonecast/presenter/zonefile/write"
)

// drawn writes a zone file in styles that people use, with comments in all places; it knows which ones.
type drawn struct {
	*rapid.T
	b     strings.Builder
	notes []string
}

func (d *drawn) note() string {
	c := fmt.Sprintf("# note %d 'it's \"%s", len(d.notes), rapid.SampledFrom([]string{"", ": - {", "# [", "é"}).Draw(d.T, "rest"))
	d.notes = append(d.notes, c)
	return c
}

// end ends a line, perhaps with a comment, perhaps with more of them below.
func (d *drawn) end(indent int) {
	if rapid.IntRange(0, 3).Draw(d.T, "beside") == 0 {
		d.b.WriteString(strings.Repeat(" ", rapid.IntRange(1, 3).Draw(d.T, "gap")) + d.note())
	}
	d.b.WriteString(rapid.SampledFrom([]string{"\n", "\n", "\n", "\n\n", "\r\n"}).Draw(d.T, "break"))
	for rapid.IntRange(0, 4).Draw(d.T, "more") == 0 {
		at := max(0, indent+2*rapid.IntRange(-2, 2).Draw(d.T, "shift"))
		d.b.WriteString(strings.Repeat(" ", at) + d.note() + rapid.SampledFrom([]string{"\n", "\n\n"}).Draw(d.T, "break"))
	}
}

func (d *drawn) text(v string) string {
	switch rapid.IntRange(0, 3).Draw(d.T, "quotes") {
	case 0:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case 1:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	case 2:
		if write.Quote(v) == v {
			return v
		}
	}
	return "'" + strings.ReplaceAll(v, "'", "''") + "'"
}

func (d *drawn) values(typ string) (list []string) {
	n := rapid.IntRange(1, 3).Draw(d.T, "values")
	for i := range n {
		switch typ {
		case "A":
			list = append(list, d.text(fmt.Sprintf("192.0.2.%d", 100-7*i)))
		case "MX":
			list = append(list, fmt.Sprintf("{exchange: %s, preference: %d}", d.text("mail.example.com."), 30-10*i))
		default:
			text := rapid.SampledFrom([]string{"a # b", "it's", "- x", "[y]", "{z}", "a: b", "on", "12", "1.0", "1:30", "null", "* p", "& q", "! r", "| s", "> t", "% u", "@ v", "` w", `\\`, "a, b", "end:", "=", "<<", "0b1", "2026-12-01"}).Draw(d.T, "text")
			list = append(list, d.text(fmt.Sprintf("%s%s", text, strings.Repeat(" i", i))))
		}
	}
	return list
}

// record writes the keys of one record, the first on the line that is there.
func (d *drawn) record(typ string, indent int) {
	values := d.values(typ)
	fields := []string{"type", "value"}
	if rapid.Bool().Draw(d.T, "ttl") {
		fields = append(fields, "ttl")
	}
	if rapid.Bool().Draw(d.T, "ours") {
		fields = append(fields, "zonecast")
	}
	for i, f := range rapid.Permutation(fields).Draw(d.T, "keys") {
		if i > 0 {
			d.b.WriteString(strings.Repeat(" ", indent))
		}
		switch f {
		case "type":
			d.b.WriteString("type: " + typ)
		case "ttl":
			d.b.WriteString("ttl: 300")
		case "zonecast":
			d.b.WriteString("zonecast: {reason: " + d.text("INC-1: a # b") + ", expires: 2026-12-01}")
		case "value":
			switch {
			case len(values) == 1 && rapid.Bool().Draw(d.T, "value"):
				d.b.WriteString("value: " + values[0])
			case rapid.Bool().Draw(d.T, "flow"):
				d.b.WriteString("values: [" + strings.Join(values, ", ") + "]")
			default:
				d.b.WriteString("values:")
				for _, v := range values {
					d.end(indent)
					d.b.WriteString(strings.Repeat(" ", indent) + "- " + v)
				}
			}
		}
		d.end(indent)
	}
}

func drawFile(t *rapid.T) (text string, notes []string) {
	d := &drawn{T: t}
	d.end(0)
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"''", "'*'", "www", "www2", "www10", "7", "12", "'no'", "a.b", "_x", "ZZ"}), 1, 5, rapid.ID).Draw(t, "names")
	for _, name := range names {
		d.b.WriteString(name + ":")
		types := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "TXT", "MX"}), 1, 3, rapid.ID).Draw(t, "types")
		if len(types) == 1 && rapid.Bool().Draw(t, "alone") {
			d.end(2)
			d.b.WriteString("  ")
			d.record(types[0], 2)
			continue
		}
		d.end(2)
		for _, typ := range types {
			d.b.WriteString("  - ")
			d.record(typ, 4)
		}
	}
	return d.b.String(), d.notes
}

// Formatting keeps what a file means and every comment, and leaves alone what it made.
func TestFormatIsIdempotentAndKeepsAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, notes := drawFile(t)
		out, err := Format("example.com.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, err := Format("example.com.yaml", out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("a second time: %v\n--- in\n%s\n--- out\n%s\n--- again\n%s", err, text, out, again)
		}
		var got []string
		for l := range strings.Lines(string(out)) {
			if i := strings.Index(l, "# note "); i >= 0 {
				got = append(got, strings.TrimSpace(l[i:]))
			}
		}
		slices.Sort(notes)
		slices.Sort(got)
		if !slices.Equal(got, notes) {
			t.Fatalf("comments: want %q, got %q", notes, got)
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add("www: {type: A, value: 192.0.2.1} # c\n")
	f.Add("---\n# top\n\n'':\n- type: NS\n  values: [ # x\n    ns1.example.net. # y\n  ] # z\n")
	f.Add("a:\n  type: TXT\n  value: >- # m\n    one\n\n# end\n")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := Format("example.com.yaml", []byte(text))
		var broken *Broken
		switch {
		case errors.As(err, &broken) || errors.Is(err, ErrKept):
		case err != nil:
			t.Fatal(err)
		default:
			if again, err := Format("example.com.yaml", out); err != nil || !bytes.Equal(again, out) {
				t.Fatalf("a second time: %v\n%q\n%q\n%q", err, text, out, again)
			}
		}
	})
}
