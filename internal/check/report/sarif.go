package report

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"zonecast/internal/check"
	"zonecast/internal/zone"
)

// The part of SARIF 2.1.0 that is written here; names are the format's.
type (
	log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}
	run struct {
		Tool       tool     `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []result `json:"results"`
	}
	tool struct {
		Driver driver `json:"driver"`
	}
	driver struct {
		Name            string `json:"name"`
		SemanticVersion string `json:"version,omitempty"`
		Rules           []rule `json:"rules"`
	}
	rule struct {
		ID            string        `json:"id"`
		Short         text          `json:"shortDescription"`
		Help          text          `json:"help"`
		Configuration configuration `json:"defaultConfiguration"`
	}
	text struct {
		Text string `json:"text"`
	}
	configuration struct {
		Level string `json:"level"`
	}
	result struct {
		RuleID       string        `json:"ruleId"`
		RuleIndex    int           `json:"ruleIndex"`
		Level        string        `json:"level"`
		Message      text          `json:"message"`
		Locations    []location    `json:"locations,omitempty"`
		Suppressions []suppression `json:"suppressions,omitempty"`
	}
	location struct {
		Physical *physical `json:"physicalLocation,omitempty"`
		Logical  []logical `json:"logicalLocations,omitempty"`
	}
	physical struct {
		Artifact artifact `json:"artifactLocation"`
		Region   *region  `json:"region,omitempty"`
	}
	artifact struct {
		URI string `json:"uri"`
	}
	region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	logical struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	suppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
)

// SARIF prints the Static Analysis Results Interchange Format, version 2.1.0 (OASIS), for code scanning: each check that found
// something is a rule, excused problems are suppressed results. Paths are relative to the repository. version is the program's.
func SARIF(w io.Writer, r Report, version string) error {
	var codes []string
	for _, p := range r.Problems {
		codes = append(codes, p.Check)
	}
	for _, x := range r.Excused {
		codes = append(codes, x.Check)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	rules := make([]rule, len(codes))
	for i, code := range codes {
		c, ok := check.Find(code)
		if !ok {
			c = check.Code{Code: code, Severity: zone.Error, Text: code, Fix: "see the message"}
		}
		rules[i] = rule{code, text{c.Text}, text{"To mend it: " + c.Fix}, configuration{string(c.Severity)}}
	}
	results := []result{}
	add := func(p zone.Problem, why []suppression) {
		m := message(p)
		if p.Fix != "" {
			m += "; " + OneLine(p.Fix)
		}
		i, _ := slices.BinarySearch(codes, p.Check)
		x := result{RuleID: p.Check, RuleIndex: i, Level: string(p.Severity), Message: text{m}, Suppressions: why}
		if at := whereOf(p); at.Physical != nil || at.Logical != nil {
			x.Locations = []location{at}
		}
		results = append(results, x)
	}
	for _, p := range r.Problems {
		add(p, nil)
	}
	for _, x := range r.Excused {
		add(x.Problem, []suppression{{"inSource", OneLine(x.Reason)}})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(log{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []run{{Tool: tool{driver{"zonecast", version, rules}}, ColumnKind: "unicodeCodePoints", Results: results}}})
}

func whereOf(p zone.Problem) (at location) {
	if p.File != "" {
		at.Physical = &physical{Artifact: artifact{uri(p.File)}}
		if p.Line > 0 {
			at.Physical.Region = &region{p.Line, p.Column}
		}
	}
	if p.Name != "" {
		at.Logical = []logical{{OneLine(p.Name), "member"}}
	}
	return at
}

// uri makes a path a relative URI reference: its first segment must not look like a scheme.
func uri(path string) string {
	parts := strings.Split(path, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	u := strings.Join(parts, "/")
	if strings.Contains(parts[0], ":") {
		u = "./" + u
	}
	return u
}
