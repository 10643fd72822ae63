package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"zonecast/internal/zone"
)

var sample = Report{
	Problems: []zone.Problem{
		{Check: "missing-dot", Severity: zone.Error, File: "zones/a b,c.yaml", Line: 3, Column: 7, Name: "www.example.", Text: "50% of\nit", Fix: "write: x"},
		{Check: "missing-target", Severity: zone.Warning, Name: "x.example.", Text: "no place \x1b[2J"},
		{Check: "bad-config", Severity: zone.Error, File: "zonecast.yaml", Text: "no line"},
	},
	Excused: []Excused{{zone.Problem{Check: "no-ns", Severity: zone.Warning, File: "zones/b.yaml", Line: 1, Column: 1, Text: "none"}, "from the parent"}},
}

func show(t *testing.T, print func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	t.Parallel()
	got := show(t, func(b *bytes.Buffer) error { return Text(b, sample, false) })
	want := `zones/a b,c.yaml:3:7: error: www.example.: 50% of it [missing-dot]; write: x
warning: x.example.: no place  [2J [missing-target]
zonecast.yaml: error: no line [bad-config]
2 errors, 1 warning (1 excused)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := show(t, func(b *bytes.Buffer) error { return Text(b, sample, true) }); strings.Count(got, red) != 2 || strings.Count(got, yellow) != 1 {
		t.Errorf("colours: %q", got)
	}
	if got := show(t, func(b *bytes.Buffer) error { return Text(b, Report{}, true) }); got != "no problems\n" {
		t.Errorf("%q", got)
	}
}

// What files say neither ends a command nor begins another.
func TestGitHub(t *testing.T) {
	t.Parallel()
	got := show(t, func(b *bytes.Buffer) error { return GitHub(b, sample) })
	want := `::error file=zones/a b%2Cc.yaml,line=3,col=7,title=missing-dot::www.example.: 50%25 of it%0Awrite: x
::warning title=missing-target::x.example.: no place  [2J
::error file=zonecast.yaml,title=bad-config::no line
2 errors, 1 warning (1 excused)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(show(t, func(b *bytes.Buffer) error { return JSON(b, sample) })), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines", len(lines))
	}
	var p zone.Problem
	if err := json.Unmarshal([]byte(lines[0]), &p); err != nil || p != sample.Problems[0] {
		t.Errorf("%v %+v", err, p)
	}
	if !strings.Contains(lines[3], `{"excused":{"check":"no-ns"`) || !strings.Contains(lines[3], `"reason":"from the parent"`) ||
		lines[4] != `{"summary":{"errors":2,"warnings":1,"excused":1}}` {
		t.Errorf("%s\n%s", lines[3], lines[4])
	}
}

// TestSARIF holds the log to what the format's schema requires (sarif-schema-2.1.0, "required" and the bounds of the parts that are
// written): version and runs; tool.driver.name; a rule's id; a result's message; positive lines and columns; a suppression's kind; and to
// what code scanning needs: rules with help, relative URIs, indexes that fit.
func TestSARIF(t *testing.T) {
	t.Parallel()
	var l struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			ColumnKind string
			Tool       struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						Help                 struct{ Text string }
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID       string
				RuleIndex    int
				Level        string
				Message      struct{ Text string }
				Suppressions []struct{ Kind, Justification string }
				Locations    []struct {
					PhysicalLocation *struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn *int }
					}
				}
			}
		}
	}
	for _, r := range []Report{sample, {}} {
		text := show(t, func(b *bytes.Buffer) error { return SARIF(b, r, "abc") })
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Version != "2.1.0" || l.Schema == "" || len(l.Runs) != 1 || l.Runs[0].Tool.Driver.Name != "zonecast" || l.Runs[0].Results == nil {
			t.Fatalf("%s", text)
		}
		run := l.Runs[0]
		if len(run.Results) != len(r.Problems)+len(r.Excused) {
			t.Fatalf("%d results", len(run.Results))
		}
		for _, x := range run.Results {
			rule := run.Tool.Driver.Rules[x.RuleIndex]
			if rule.ID != x.RuleID || rule.Help.Text == "" || rule.ShortDescription.Text == "" || x.Message.Text == "" || x.Level != "error" && x.Level != "warning" ||
				rule.DefaultConfiguration.Level == "" {
				t.Errorf("%+v", x)
			}
			for _, at := range x.Locations {
				if p := at.PhysicalLocation; p != nil && p.Region != nil && (*p.Region.StartLine < 1 || p.Region.StartColumn != nil && *p.Region.StartColumn < 1) {
					t.Errorf("region %+v", p.Region)
				}
			}
		}
		if len(r.Problems) == 0 {
			continue
		}
		if uri := run.Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI; uri != "zones/a%20b%2Cc.yaml" {
			t.Errorf("uri %s", uri)
		}
		last := run.Results[3]
		if len(last.Suppressions) != 1 || last.Suppressions[0].Kind != "inSource" || last.Suppressions[0].Justification != "from the parent" {
			t.Errorf("%+v", last)
		}
	}
}
