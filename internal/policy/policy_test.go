package policy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func mustLoad(t testing.TB, text string) *Policy {
	t.Helper()
	p, problems := Load(checkout.File{Path: File, Data: []byte(text)}, "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p
}

func one(when, rest string) string {
	return "policy:\n  - name: one\n    when: " + when + "\n    message: 'it is so'\n" + rest
}

func mustName(t testing.TB, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func set(t testing.TB, typ zone.Type, ttl uint32, values ...string) *zone.RRset {
	t.Helper()
	s := zone.RRset{Type: typ, TTL: ttl}
	for _, v := range values {
		d, err := zone.ParseRdata(typ, v, "")
		if err != nil {
			t.Fatal(err)
		}
		s.Data = append(s.Data, d)
	}
	s.Normalize()
	return &s
}

// What every field gives, for a change of each kind.
func TestFields(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000, 0)
	changed := Change{Zone: mustName(t, "Prod.example."), Name: mustName(t, "*.web.prod.example."), Type: zone.TypeMX,
		Before: set(t, zone.TypeMX, 600, "10 mx1.example."), After: set(t, zone.TypeMX, 300, "10 mx1.example.", "20 mx2.example."),
		Origin: row.Origin{File: "prod.yaml", Commit: "c", Mode: "replace", Scope: "rrset", Reason: "INC-1", Expires: 4_600, Author: "Ops@Example.com"}}
	created, deleted, kept := changed, changed, changed
	created.Before = nil
	deleted.After, deleted.Origin = nil, row.Origin{}
	kept.Before = kept.After
	kept.Origin = row.Origin{Source: "main", Module: "mail", Entity: "server/mx1"}
	for _, c := range []struct {
		change Change
		when   string
	}{
		{changed, `change == "changed" and zone == "prod.example." and name == "*.web.prod.example." and type == "MX"`},
		{changed, `ttl == 300 and len(values) == 2 and values[1] == "20 mx2.example." and rotate == "none"`},
		{changed, `labels[0] == "*" and len(labels) == 4 and wildcard and not apex`},
		{changed, `old != nil and old.ttl == 600 and old.values == ["10 mx1.example."] and new != nil and new.ttl == 300 and len(new.values) == 2`},
		{changed, `not generated and source == "" and module == "" and entity == "" and file == "prod.yaml" and author == "ops@example.com"`},
		{changed, `mode == "replace" and scope == "rrset" and reason == "INC-1" and expires and left == hours(1)`},
		{created, `change == "created" and old == nil and new != nil and ttl == 300`},
		{deleted, `change == "deleted" and new == nil and old != nil and ttl == 600 and values == ["10 mx1.example."]`},
		{deleted, `not generated and mode == "" and not expires and left > days(100000)`},
		{kept, `change == "kept" and generated and source == "main" and module == "mail" and entity == "server/mx1" and author == ""`},
		{kept, `within(name, "prod.example.") and within(name, "web.prod.example.") and within(zone, "prod.example.") and not within(name, "eb.prod.example.") and within(name, ".")`},
		{kept, `not cidr(values[0], "192.0.2.0/24") and cidr("192.0.2.7", "192.0.2.0/24") and cidr("2001:db8::1", "2001:db8::/32")`},
		{kept, `reverse("192.0.2.1") == "1.2.0.192.in-addr.arpa." and join(labels, "-") == "*-web-prod-example" and lower("A") == "a"`},
	} {
		p := mustLoad(t, one("'"+c.when+"'", ""))
		if got := p.NewJudge(now).Judge(c.change); len(got) != 1 || got[0].Text != "it is so" {
			t.Errorf("%s: %+v", c.when, got)
		}
	}
}

// A rule that cannot be evaluated is a finding: what cannot be judged does not pass, and nothing crashes.
func TestWhatCannotBeEvaluatedDoesNotPass(t *testing.T) {
	t.Parallel()
	c := Change{Zone: zone.Root, Name: zone.Root, Type: zone.TypeA, After: set(t, zone.TypeA, 300, "192.0.2.1")}
	for _, when := range []string{
		`values[5] == ""`, `int(values[0]) > 1`, `1 % (ttl - 300) == 0`, `first(filter(values, # == "x")) == "x" and false or values[7] == ""`,
		`len(filter(values, len(map(1..3000, #)) > 0)) > 5`, `replace(values[0], "", "x") == "x"`,
	} {
		p, problems := Load(checkout.File{Path: File, Data: []byte(one("'"+when+"'", "    severity: warning\n"))}, "")
		if p == nil {
			if strings.Contains(when, "..") { // refused when it is loaded: better still
				continue
			}
			t.Errorf("%s: %v", when, problems)
			continue
		}
		got := p.NewJudge(time.Now()).Judge(c)
		if len(got) != 1 || got[0].Severity != zone.Warning || !strings.HasPrefix(got[0].Text, "the rule cannot be evaluated: ") || strings.Contains(got[0].Text, "\n") {
			t.Errorf("%s: %+v", when, got)
		}
	}
	p := mustLoad(t, strings.Replace(one("'ttl > 0'", ""), "'it is so'", "'{values[4]}'", 1))
	if got := p.NewJudge(time.Now()).Judge(c); len(got) != 1 || !strings.Contains(got[0].Text, "cannot be evaluated") {
		t.Errorf("%+v", got)
	}
}

func TestNoPolicyFindsNothing(t *testing.T) {
	t.Parallel()
	for _, p := range []*Policy{nil, mustLoad(t, "policy: []\n")} {
		if j := p.NewJudge(time.Now()); j != nil || j.Judge(Change{After: set(t, zone.TypeA, 0, "192.0.2.1")}) != nil {
			t.Error("findings of no policy")
		}
	}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	for except, want := range map[string]int{
		"{zone: example., reason: r}":                           0,
		"{zone: example.org., reason: r}":                       1,
		"{name: www.example., reason: r}":                       0,
		"{name: example., reason: r}":                           1,
		"{within: example., reason: r}":                         0,
		"{within: www.example., type: A, reason: r}":            0,
		"{within: www.example., type: MX, reason: r}":           1,
		"{zone: example., name: other.example., reason: r}":     1,
		"{type: A, reason: r}":                                  0,
		"{zone: example.org., reason: r}, {type: A, reason: r}": 0,
		"{zone: EXAMPLE., within: .example.org., reason: r}":    -1,
		"{zone: example.}":                                      -1,
		"{reason: everything}":                                  -1,
		"{zone: example., reason: ''}":                          -1,
		"{zone: example., reason: r, until: tomorrow}":          -1,
		"{type: MXX, reason: r}":                                -1,
		"example.":                                              -1,
	} {
		p, problems := Load(checkout.File{Path: File, Data: []byte(one("'ttl < 60'", "    except: ["+except+"]\n"))}, "")
		if want < 0 {
			if p != nil {
				t.Errorf("%s: loads", except)
			}
			continue
		}
		if len(problems) > 0 {
			t.Errorf("%s: %v", except, problems)
			continue
		}
		c := Change{Zone: mustName(t, "example."), Name: mustName(t, "www.example."), Type: zone.TypeA, After: set(t, zone.TypeA, 30, "192.0.2.1")}
		if got := p.NewJudge(time.Now()).Judge(c); len(got) != want {
			t.Errorf("%s: %+v", except, got)
		}
	}
}

var fixture = regexp.MustCompile(`(?m)^-- ([a-z-]+) --\n`)

func rulesOf(fixtures string) []string { return fixture.Split(fixtures, -1)[1:] }

// Each fixture is a policy with one mistake, marked by ~ where it is to be found.
func TestMistakesHaveTheirPlace(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/bad.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases, checks := rulesOf(string(text)), fixture.FindAllStringSubmatch(string(text), -1)
	for i, marked := range cases {
		before, _, found := strings.Cut(marked, "~")
		if !found {
			t.Errorf("%s: no mark", checks[i][1])
			continue
		}
		place := fmt.Sprintf("rules/policy.yaml:%d:%d: ", strings.Count(before, "\n")+1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))+1)
		p, problems := Load(checkout.File{Path: File, Data: []byte(strings.Replace(marked, "~", "", 1))}, "rules/")
		if p != nil {
			problems = p.RunTests()
		}
		if len(problems) != 1 || problems[0].Check != checks[i][1] || !strings.HasPrefix(problems[0].Error(), place) {
			t.Errorf("%s\ngives %v, want %s at %s", marked, problems, checks[i][1], place)
		}
	}
	if len(cases) < 30 {
		t.Errorf("%d cases", len(cases))
	}
}

// What a condition proves about old and new.
func TestSidesAreKnownBeforeTheyAreAsked(t *testing.T) {
	t.Parallel()
	for when, ok := range map[string]bool{
		`old.ttl > 60`:                                                                     false,
		`old != nil and old.ttl > 60`:                                                      true,
		`nil != old && old.ttl > 60`:                                                       true,
		`old.ttl > 60 and old != nil`:                                                      false,
		`old == nil or old.ttl > 60`:                                                       true,
		`old != nil or old.ttl > 60`:                                                       false,
		`change == "changed" and old.ttl > new.ttl`:                                        true,
		`"changed" == change and old.ttl > new.ttl`:                                        true,
		`change != "created" and old.ttl > 60`:                                             true,
		`change != "created" and new.ttl > 60`:                                             false,
		`change != "created" and change != "deleted" and old.ttl==new.ttl`:                 true,
		`change in ["changed", "kept"] and old.ttl > new.ttl`:                              true,
		`change in ["changed", "deleted"] and new.ttl > 60`:                                false,
		`not (change in ["created", "deleted"]) and new.ttl > old.ttl`:                     true,
		`change not in ["created", "deleted"] and new.ttl > old.ttl`:                       true,
		`change == "created" ? new.ttl > 60 : old.ttl > 60`:                                true,
		`change == "created" ? old.ttl > 60 : new.ttl > 60`:                                false,
		`change == "deleted" or new.ttl < 60`:                                              true,
		`not (old == nil) and any(old.values, # == "x")`:                                   true,
		`(old != nil or new != nil) and old.ttl > 60`:                                      false,
		`(old != nil and type == "A") and old.ttl > 60`:                                    true,
		`type == "A" and (change == "kept" or change == "changed") and old.ttl == new.ttl`: true,
		`change == type and old.ttl > 1`:                                                   false,
		`old`:                                                                              false,
		`old == 5`:                                                                         false,
		`false and old.ttl > 5`:                                                            true, // never asked
		`true or old.ttl > 5`:                                                              true,
	} {
		_, problems := Load(checkout.File{Path: File, Data: []byte(one("'"+when+"'", ""))}, "")
		if (len(problems) == 0) != ok {
			t.Errorf("%s: %v", when, problems)
		}
	}
	text := strings.Replace(one("'change == \"changed\" and ttl < 60'", ""), "'it is so'", "'{old.ttl} -> {new.ttl} at {labels}'", 1)
	c := Change{Zone: mustName(t, "example."), Name: mustName(t, "www.example."), Type: zone.TypeA, Before: set(t, zone.TypeA, 90, "192.0.2.1"), After: set(t, zone.TypeA, 30, "192.0.2.1")}
	if got := mustLoad(t, text).NewJudge(time.Now()).Judge(c); len(got) != 1 || got[0].Text != "90 -> 30 at www, example" {
		t.Errorf("%+v", got)
	}
}
