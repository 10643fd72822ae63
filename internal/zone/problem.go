package zone

import (
	"fmt"
	"strings"
)

// Severity orders problems: an error holds what it concerns, a warning does not.
type Severity string

// The two severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is something a person must act on, with its place and what to do about it.
type Problem struct {
	Check    string   `json:"check"`    // stable code, lower case with hyphens: "bad-rdata"
	Severity Severity `json:"severity"` // "error" or "warning"
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`   // from 1; 0 is unknown
	Column   int      `json:"column,omitempty"` // from 1; 0 is unknown
	Name     string   `json:"name,omitempty"`   // owner name, entity or module concerned
	Rule     string   `json:"rule,omitempty"`   // of a policy's finding: the rule
	Text     string   `json:"text"`             // one line: what is wrong
	Fix      string   `json:"fix,omitempty"`    // one line: what to do
}

// Error makes a Problem usable as an error: "file:line:column: name: text [check]; fix".
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
			if p.Column > 0 {
				fmt.Fprintf(&b, ":%d", p.Column)
			}
		}
		b.WriteString(": ")
	}
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	if p.Name != "" {
		b.WriteString(p.Name + ": ")
	}
	b.WriteString(p.Text + " [" + p.Check + "]")
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// ComparePlace orders problems by file, line, column, then check and text.
func (p Problem) ComparePlace(o Problem) int {
	if c := strings.Compare(p.File, o.File); c != 0 {
		return c
	}
	if p.Line != o.Line {
		return p.Line - o.Line
	}
	if p.Column != o.Column {
		return p.Column - o.Column
	}
	if c := strings.Compare(p.Check, o.Check); c != 0 {
		return c
	}
	return strings.Compare(p.Name+p.Text, o.Name+o.Text)
}
