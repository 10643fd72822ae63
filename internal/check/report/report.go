// Package report prints what is wrong with files: for people, for programs (a problem a line), for GitHub's workflows and as
// SARIF 2.1.0.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"zonecast/internal/zone"
)

// Excused is a problem that an exception in the files silences.
type Excused struct {
	zone.Problem
	Reason string `json:"reason"` // why it may be so
}

// Report is what is wrong, sorted by place.
type Report struct {
	Problems []zone.Problem
	Excused  []Excused
}

// Count gives how many errors and warnings there are.
func (r Report) Count() (errors, warnings int) {
	for _, p := range r.Problems {
		if p.Severity == zone.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// Summary is one line: "2 errors, 1 warning (1 excused)".
func (r Report) Summary() string {
	errors, warnings := r.Count()
	text := "no problems"
	if errors+warnings > 0 {
		text = plural(errors, "error") + ", " + plural(warnings, "warning")
	}
	if n := len(r.Excused); n > 0 {
		text += fmt.Sprintf(" (%d excused)", n)
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	plain  = "\x1b[0m"
)

// Text prints a problem a line, "file:line:column: severity: name: text [code]; fix", and the summary.
func Text(w io.Writer, r Report, colour bool) error {
	paint := func(colours, s string) string {
		if !colour || s == "" {
			return s
		}
		return colours + s + plain
	}
	var b strings.Builder
	for _, p := range r.Problems {
		if at := place(p); at != "" {
			b.WriteString(at + ": ")
		}
		if p.Severity == zone.Warning {
			b.WriteString(paint(yellow, "warning:") + " ")
		} else {
			b.WriteString(paint(red, "error:") + " ")
		}
		b.WriteString(message(p) + " " + paint(faint, "["+p.Check+"]"))
		if p.Fix != "" {
			b.WriteString("; " + OneLine(p.Fix))
		}
		b.WriteByte('\n')
	}
	b.WriteString(r.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func place(p zone.Problem) string {
	switch {
	case p.File == "" || p.Line == 0:
		return OneLine(p.File)
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", OneLine(p.File), p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", OneLine(p.File), p.Line, p.Column)
}

func message(p zone.Problem) string {
	if p.Name != "" {
		return OneLine(p.Name + ": " + p.Text)
	}
	return OneLine(p.Text)
}

// OneLine keeps what files say from driving a terminal or ending a line: control characters become spaces.
func OneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
}

// JSON prints a problem a line, then the excused ones, then the summary.
func JSON(w io.Writer, r Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, p := range r.Problems {
		if err := enc.Encode(p); err != nil {
			return err
		}
	}
	for _, x := range r.Excused {
		if err := enc.Encode(struct {
			Excused Excused `json:"excused"`
		}{x}); err != nil {
			return err
		}
	}
	var s struct {
		Summary struct {
			Errors   int `json:"errors"`
			Warnings int `json:"warnings"`
			Excused  int `json:"excused"`
		} `json:"summary"`
	}
	s.Summary.Errors, s.Summary.Warnings = r.Count()
	s.Summary.Excused = len(r.Excused)
	return enc.Encode(s)
}

var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// GitHub prints workflow commands, with which GitHub shows problems beside the lines of a pull request, and the summary.
func GitHub(w io.Writer, r Report) error {
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString("::" + string(p.Severity) + " ")
		if p.File != "" {
			b.WriteString("file=" + property.Replace(p.File) + ",")
			if p.Line > 0 {
				fmt.Fprintf(&b, "line=%d,", p.Line)
			}
			if p.Line > 0 && p.Column > 0 {
				fmt.Fprintf(&b, "col=%d,", p.Column)
			}
		}
		text := message(p)
		if p.Fix != "" {
			text += "\n" + OneLine(p.Fix)
		}
		b.WriteString("title=" + property.Replace(p.Check) + "::" + data.Replace(text) + "\n")
	}
	b.WriteString(r.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}
