package ruleset

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/zone"
)

func module(t testing.TB, text string) *Module {
	t.Helper()
	r, problems := Load([]checkout.File{testKinds(t), {Path: "m.yaml", Data: []byte(text)}}, testOptions)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r.Modules()[0]
}

func server(more string) []byte {
	return []byte(`{"hostname":"web1","site":"ams1","ipv4":"192.0.2.1","state":"up"` + more + `}`)
}

func roles(n int) string {
	return `,"roles":["r` + strings.Join(strings.Split(strings.Repeat("x", n), ""), `","r`) + `"]`
}

// One fault fails the whole contribution, with a check that people can look up.
func TestFaultsOfContributions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ records, more, check, text string }{
		"wrong type":     {"", `,"cpus":"many"`, "bad-entity", `attribute "cpus" of kind "server": "many" is not an int`},
		"not rdata":      {"  - {name: x.example., type: CAA, value: '{note}'}\n", `,"note":"junk"`, "eval", "bad CAA data"},
		"line break":     {"  - {name: x.example., type: TXT, value: '{note}'}\n", `,"note":"a\nb"`, "bad-entity", "one line"},
		"one element":    {"  - {name: '{it}.example.', type: A, value: '{ipv4}', each: backups}\n", `,"backups":["192.0.2.7"]`, "eval", "cannot be part of a label"},
		"long list":      {"  - {name: '{it}.example.', type: A, value: '{ipv4}', each: roles}\n", roles(MaxList + 1), "bad-entity", "at most 1000"},
		"endless":        {"  - {name: 'n{it}.example.', type: A, value: '{ipv4}', each: '1..1001'}\n", "", "eval", "more than 1000 elements"},
		"many records":   {"  - {name: '{it}.example.', type: A, values: ['{ipv4}', 192.0.2.9], each: '[\"a\", \"b\"]'}\n  - {name: 'n{it}.example.', type: A, value: '{ipv4}', each: '1..999'}\n", "", "eval", "more than 1000 records"},
		"big RRset":      {"  - {name: x.example., type: TXT, value: '\"{it}" + strings.Repeat("x", 200) + "\"', each: '1..900'}\n", "", "rrset-too-large", "at most 61440"},
		"big message":    {"  - {name: x.example., type: TXT, value: '\"{it}" + strings.Repeat("x", 54) + "\"', each: '1..999'}\n", "", "rrset-too-large", "octets in a message, and at most 65115 fit"},
		"CNAME and A":    {"  - {name: x.example., type: CNAME, value: a.example.}\n  - {name: x.example., type: A, value: '{ipv4}'}\n", "", "cname-and-other", "stands alone"},
		"two DNAMEs":     {"  - {name: x.example., type: DNAME, values: [a.example., b.example.]}\n", "", "cname-and-other", "stands alone"},
		"memory budget":  {"  - {name: x.example., type: TXT, value: '{len(map(1..15000, # + cpus)) + len(1..15000 + 0 * cpus)}'}\n", "", "eval", "memory budget"},
		"relative name":  {"  - {name: '{fqdn}', type: A, value: '{ipv4}'}\n", `,"fqdn":"a.example"`, "eval", "final dot"},
		"long replace":   {"  - {name: x.example., type: TXT, value: '{replace(replace(note, \"a\", note), \"a\", note)}'}\n", `,"note":"` + strings.Repeat("a", 4000) + `"`, "eval", "longer than 64 KiB"},
		"long join":      {"  - {name: x.example., type: TXT, value: '{len(join(roles, note))}'}\n", roles(999) + `,"note":"` + strings.Repeat("a", 100) + `"`, "eval", "longer than 64 KiB"},
		"empty text":     {"  - {name: 'x{note}.example.', type: A, value: '{ipv4}'}\n", `,"note":""`, "eval", "empty text"},
		"many parts":     {"  - {name: x.example., type: TXT, value: '{len(split(note, \"a\"))}'}\n", `,"note":"` + strings.Repeat("a", 1000) + `"`, "eval", "at most 1000 parts"},
		"empty splitter": {"  - {name: x.example., type: TXT, value: '{len(split(note, \"\"))}'}\n", `,"note":"x"`, "eval", "separator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := module(t, "module: faulty\nkind: server\nrecords:\n  - {name: 'good.example.', type: A, value: '{ipv4}'}\n"+c.records)
			list, err := m.Eval(NewWorker(), "server", "web1", decode(t, server(c.more)))
			var p zone.Problem
			if !errors.As(err, &p) || len(list) != 0 {
				t.Fatalf("%v, %v", list, err)
			}
			if p.Check != c.check || !strings.Contains(p.Text, c.text) || !strings.Contains(p.Name, "server/web1") || strings.Contains(p.Text, "\n") {
				t.Errorf("%+v, want %s with %q", p, c.check, c.text)
			}
		})
	}
}

func TestAttributesOfEveryType(t *testing.T) {
	t.Parallel()
	r, problems := Load(files(t), testOptions)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for attr, want := range map[string]string{
		`"unknown":1`:      "",
		`"cpus":-9`:        "",
		`"cpus":1.5`:       "not an int",
		`"cpus":1e3`:       "not an int",
		`"cpus":"4"`:       "not an int",
		`"virtual":"yes"`:  "not a bool",
		`"hostname":"a.b"`: "not a label",
		`"hostname":"` + strings.Repeat("a", 64) + `"`: "not a label",
		`"hostname":null`:                             "missing",
		`"hostname":7`:                                "not a label",
		`"fqdn":"a..b"`:                               "not a name",
		`"fqdn":".a"`:                                 "not a name",
		`"fqdn":"*.b"`:                                "not a name",
		`"fqdn":"A_b.example."`:                       "",
		`"ipv4":"2001:db8::1"`:                        "not of type ipv4",
		`"ipv4":"192.0.2.010"`:                        "not of type ipv4",
		`"ipv6":"192.0.2.1"`:                          "not of type ipv6",
		`"ipv6":"fe80::1%eth0"`:                       "not of type ipv6",
		`"ipv6":null`:                                 "",
		`"state":"Up"`:                                "not one of up, draining, down",
		`"roles":"web"`:                               "not of type list",
		`"roles":["web",3]`:                           "element 2",
		`"roles":[]`:                                  "",
		`"ports":[80,65536]`:                          "element 2: 65536 is not a port",
		`"backups":["192.0.2"]`:                       "element 1",
		`"services":[{"name":"x"}]`:                   `element 1: field "port": it is missing`,
		`"services":[{"name":"x","port":true}]`:       `field "port": true is not a port`,
		`"services":["x"]`:                            "element 1",
		`"services":[{"name":"x","port":1,"more":2}]`: "",
	} {
		attrs := decode(t, server(""))
		for k, v := range decode(t, []byte("{"+attr+"}")) {
			attrs[k] = v
		}
		unknown, err := r.CheckAttrs("server", attrs)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", attr, err, want)
		}
		if (len(unknown) == 1) != (attr == `"unknown":1`) {
			t.Errorf("%s: unknown %v", attr, unknown)
		}
	}
	if _, err := r.CheckAttrs("sever", nil); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("unknown kind: %v", err)
	}
	for _, id := range []string{"", strings.Repeat("x", 256), "\xff"} {
		if _, err := r.Entity("server", id, decode(t, server(""))); err == nil {
			t.Errorf("id %.10q is taken", id)
		}
	}
}

// The caller's attributes are not changed, though expressions see other forms of them.
func TestEntityLeavesAttributesAlone(t *testing.T) {
	t.Parallel()
	r, _ := Load(files(t), testOptions)
	text := server(`,"ipv6":"2001:DB8::0","ports":[80],"services":[{"name":"x","port":1}]`)
	attrs := decode(t, text)
	e, err := r.Entity("server", "x", attrs)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(attrs, decode(t, text)) {
		t.Errorf("changed: %v", attrs)
	}
	if got := e.values[e.kind.index["ipv6"]]; got != "2001:db8::" {
		t.Errorf("ipv6 is %v", got)
	}
	if got := fmt.Sprint(e.values[e.kind.index["services"]]); got != "[map[name:x port:1 target:<nil> weight:10]]" {
		t.Errorf("services are %v", got)
	}
}

// P1, and one module shared by many goroutines (run with -race).
func TestEvalIsDeterministicAndConcurrent(t *testing.T) {
	t.Parallel()
	r, problems := Load(library(t), testOptions)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	eval := func(w *Worker) (out []string) {
		for i := range 50 {
			for _, m := range r.Modules() {
				list, err := m.Eval(w, "server", fmt.Sprint(i), benchServer(i))
				text, _ := json.Marshal(list)
				out = append(out, fmt.Sprint(string(text), err))
			}
		}
		return out
	}
	want := eval(NewWorker())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			w := NewWorker()
			for range 3 {
				if !reflect.DeepEqual(eval(w), want) {
					t.Error("another result")
				}
			}
		})
	}
	group.Wait()
}

// An entity that was checked against an older kinds.yaml is refused, one of another kind gives nothing.
func TestEntityOfAnotherRuleset(t *testing.T) {
	t.Parallel()
	a, _ := Load(files(t, strings.ReplaceAll(simple, "site", "site")), testOptions)
	b, _ := Load(files(t, simple), testOptions)
	e, err := a.Entity("server", "x", decode(t, server("")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Modules()[0].EvalEntity(NewWorker(), e); err == nil {
		t.Error("taken")
	}
	e, _ = b.Entity("site", "x", map[string]any{"code": "ams1"})
	if list, err := b.Modules()[0].EvalEntity(NewWorker(), e); err != nil || len(list) > 0 {
		t.Error(list, err)
	}
}

// A worker that serves one module after another shows none the values of the last.
func TestWorkerForgets(t *testing.T) {
	t.Parallel()
	text := "module: a\nkind: server\nrecords:\n  - {name: 'x.example.', type: TXT, value: '{lower(rack ?? \"none\")}', when: 'cpus + 0 == 4'}\n"
	m, w := module(t, text), NewWorker()
	for _, c := range []struct{ more, want string }{{`,"rack":"R1"`, "r1"}, {"", "none"}, {`,"rack":"R2"`, "r2"}} {
		list, err := m.Eval(w, "server", "x", decode(t, server(c.more)))
		if err != nil || len(list) != 1 || string(list[0].Sets[0].Data[0][1:]) != c.want {
			t.Errorf("%v %v, want %s", list, err, c.want)
		}
	}
}

// The smallest TTL wins, wherever it stands, and one TTL stays (RFC 2181 5.2).
func TestSmallestTTLWins(t *testing.T) {
	t.Parallel()
	for _, ttls := range [][2]int{{60, 300}, {300, 60}} {
		m := module(t, fmt.Sprintf("module: a\nkind: server\nrecords:\n  - {name: x.example., type: A, value: 192.0.2.1, ttl: %d}\n  - {name: x.example., type: A, value: 192.0.2.2, ttl: %d}\n", ttls[0], ttls[1]))
		list, err := m.Eval(NewWorker(), "server", "x", decode(t, server("")))
		if err != nil || len(list) != 1 || len(list[0].Sets) != 1 || list[0].Sets[0].TTL != 60 || len(list[0].Sets[0].Data) != 2 {
			t.Errorf("%v: %v %v", ttls, list, err)
		}
	}
}
