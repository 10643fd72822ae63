package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func parsed(text string) zone.Name {
	n, err := zone.ParseName(text)
	if err != nil {
		panic(err)
	}
	return n
}

// large is a plan of zones with names that change an address, each by its own line of a file.
func large(zones, names int) *plan.Plan {
	p := &plan.Plan{Format: plan.Format, Digest: "sha256:" + strings.Repeat("0", 64), Against: plan.Against{Kind: plan.Live, Name: "http://127.0.0.1:5380"}}
	for z := range zones {
		apex := parsed(fmt.Sprintf("z%04d.example.", z))
		p.Summaries = append(p.Summaries, plan.Summary{Zone: apex, Names: 2 * names, Changed: names})
		for n := range names {
			name, _ := apex.Child(fmt.Sprintf("host%06d", n))
			set := func(last byte) *zone.RRset {
				return &zone.RRset{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{zone.Rdata([]byte{192, 0, 2, last})}}
			}
			p.Changes = append(p.Changes, plan.Change{Name: name, Zone: apex, Kind: plan.Changed, Sets: []plan.SetChange{{
				Type: zone.TypeA, Before: set(1), After: set(2), Causes: []plan.Cause{{Origin: row.Origin{File: "zones/" + apex.String() + "yaml"}, Line: n + 1}}}}})
		}
	}
	return p
}

var moreNames = regexp.MustCompile(`(?m)^(?:# and )?([0-9,]+) more names? `)

// A comment is never longer than it may be, and what is not shown is counted.
func TestMarkdownIsBounded(t *testing.T) {
	t.Parallel()
	for _, shape := range [][2]int{{1, 5_000}, {3, 1_000}, {60, 50}, {2_000, 1}} {
		p := large(shape[0], shape[1])
		for range 200 {
			p.Stopped = append(p.Stopped, plan.Stop{Stage: "publisher", Unit: "zone", Subject: strings.Repeat("|", 400), Cause: strings.Repeat("@", 4_000)})
			p.Problems = append(p.Problems, zone.Problem{Check: "x", Text: strings.Repeat("<", 4_000)})
		}
		got := string(markdown(t, p))
		if len(got) > MaxMarkdown {
			t.Errorf("%v: %d octets", shape, len(got))
		}
		shown := strings.Count(got, "\n+ ")
		for _, m := range moreNames.FindAllStringSubmatch(got, -1) {
			var n int
			if _, err := fmt.Sscan(strings.ReplaceAll(m[1], ",", ""), &n); err != nil {
				t.Fatal(err)
			}
			shown += n
		}
		if shown != shape[0]*shape[1] {
			t.Errorf("%v: %d names are shown or counted of %d", shape, shown, shape[0]*shape[1])
		}
		if !strings.HasSuffix(got, "`"+p.Digest+"`\n") || strings.Count(got, "<details>") != strings.Count(got, "</details>") {
			t.Errorf("%v: cut in the middle: %s", shape, got[len(got)-200:])
		}
	}
}

func TestTextLimit(t *testing.T) {
	t.Parallel()
	p := large(3, 10)
	for limit, want := range map[int]int{0: 30, 1: 1, 12: 12, 100: 30} {
		if got := strings.Count(string(text(t, p, Options{Limit: limit})), "\n  ~ "); got != want {
			t.Errorf("limit %d: %d names, want %d", limit, got, want)
		}
	}
	if got := string(text(t, p, Options{Limit: 2})); !strings.Contains(got, "and 8 more names of this zone: --limit 0 shows all") || !strings.Contains(got, "and 1 more zone") {
		t.Error(got)
	}
}

// hostile is a plan whose every free text is the given one.
func hostile(evil string) *plan.Plan {
	p := large(1, 1)
	set := &p.Changes[0].Sets[0]
	cause := plan.Cause{Origin: row.Origin{File: evil, Mode: evil, Reason: evil}, Why: evil}
	gave := plan.Cause{Origin: row.Origin{Source: evil, Module: evil, Entity: evil, Reason: evil}, Why: evil}
	set.Causes, set.Was, set.Shadows, set.Unshadows = []plan.Cause{cause}, []plan.Cause{gave}, []plan.Cause{gave}, []plan.Cause{cause}
	octets := evil[:min(255, len(evil))]
	txt := zone.Rdata(append([]byte{byte(len(octets))}, octets...))
	p.Changes[0].Sets = append(p.Changes[0].Sets, plan.SetChange{Type: zone.TypeTXT, After: &zone.RRset{Type: zone.TypeTXT, Data: []zone.Rdata{txt}}})
	p.Stopped = []plan.Stop{{Stage: evil, Unit: evil, Subject: evil, Check: evil, Cause: evil}}
	p.Problems = []zone.Problem{{Check: evil, File: evil, Name: evil, Text: evil, Fix: evil}}
	p.Against.Name, p.Digest = evil, evil
	p.Zones = &plan.Files{Commit: evil, Loaded: evil}
	p.Rules = &plan.Files{Source: evil, Commit: evil, Loaded: evil}
	return p
}

var tags = regexp.MustCompile(`<[^>]*>`)

// Whatever stands in the data: a terminal gets printable characters alone; a comment has no tags but ours, no line that
// ends a fence, and nothing outside of code that calls people; a page's elements are ours.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	pieces := []string{"</script>", "<script>", "<!--", "-->", "|", "`", "````\n", "@team", "#1", "\x1b[2J", "\r", "\n", "\n````\n", "\x00", "\u202e", "\u2028", "\xff",
		"</details>", "</code>", "<img src=x>", "**", "http://evil.example", "&lt;", "\u009b", "{{.}}", "]]>", "a"}
	rapid.Check(t, func(rt *rapid.T) {
		p := hostile(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 8).Draw(rt, "evil"), ""))
		for _, limit := range []int{0, 1} {
			for _, r := range string(text(t, p, Options{Limit: limit})) {
				if r != '\n' && !unicode.IsPrint(r) || r == utf8.RuneError {
					rt.Fatalf("a terminal would get %U", r)
				}
			}
		}
		inFence := false
		for line := range strings.Lines(string(markdown(t, p))) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case line == "````diff", line == "````":
				inFence = !inFence
			case inFence:
				if !strings.ContainsAny(line[:1], "+-! #") {
					rt.Fatalf("a line without a sign: %q", line)
				}
			default:
				for _, tag := range tags.FindAllString(line, -1) {
					if !strings.Contains(" <code> </code> <details> </details> <summary> </summary> "+MarkdownMark+" ", " "+tag+" ") {
						rt.Fatalf("tag %q in %q", tag, line)
					}
				}
				if strings.ContainsAny(tags.ReplaceAllString(line, ""), "@<") || strings.Count(line, "`")%2 != 0 {
					rt.Fatalf("outside code: %q", line)
				}
			}
		}
		if inFence {
			rt.Fatal("a fence is open at the end")
		}
		page := withoutOurs(html(t, p))
		if n := bytes.Count(page, []byte("</script")); n != 2 {
			rt.Fatalf("%d ends of scripts:\n%s", n, page)
		}
		for _, bad := range []string{"<img", "<!--", "\x00", "\u202e", "\u2028"} {
			if bytes.Contains(page, []byte(bad)) {
				rt.Fatalf("%q in the page", bad)
			}
		}
		_, data, _ := bytes.Cut(page, []byte(`id="plan">`))
		data, _, _ = bytes.Cut(data, []byte("</script>"))
		if !json.Valid(data) {
			rt.Fatalf("no JSON: %s", data)
		}
	})
}

// Which changes are marked as stopped.
func TestStops(t *testing.T) {
	t.Parallel()
	c := large(1, 1).Changes[0]
	c.Sets[0].Was = []plan.Cause{{Origin: row.Origin{Module: "servers"}}}
	for subject, want := range map[string]bool{
		"z0000.example.": true, "host000000.z0000.example.": true, "host000000.z0000.example. A": true, "host000000.z0000.example. TXT": false,
		"servers": true, "zones/z0000.example.yaml": true, "z0001.example.": false, "pools": false, "": false,
	} {
		if got := stopsOf(&plan.Plan{Stopped: []plan.Stop{{Subject: subject}}}).hit(&c); got != want {
			t.Errorf("%q: %v", subject, got)
		}
	}
}

// No change is lost in a plan whose summaries lack its zone, or whose changes are in another order.
func TestGroups(t *testing.T) {
	t.Parallel()
	p := large(3, 2)
	p.Summaries = p.Summaries[1:]
	p.Changes[0], p.Changes[5] = p.Changes[5], p.Changes[0]
	n := 0
	for _, g := range groups(p) {
		for _, c := range g.changes {
			if n++; c.Zone != g.Zone {
				t.Errorf("%s is in %s", c.Name, g.Zone)
			}
		}
	}
	if n != 6 {
		t.Errorf("%d changes of 6", n)
	}
}
