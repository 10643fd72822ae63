package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// eventAnswer is one line of what event prints.
type eventAnswer struct {
	Line           int
	Status, Reason string
}

func eventAnswers(t *testing.T, text string) (list []eventAnswer) {
	t.Helper()
	for line := range strings.Lines(text) {
		var a eventAnswer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, a)
	}
	return list
}

// badEvents has in each line an event, the answer's status and a part of its reason.
var badEvents = []struct{ event, status, reason string }{
	{`{"op":"put","kind":"server","id":"a","rev":5,"attrs":{"hostname":"a","ipv4":"192.0.2.1"}}`, "accepted", ""},
	{`not JSON`, "refused", "not JSON: "},
	{`{"op":"put","kind":"server"`, "refused", "not JSON: "},
	{`["put"]`, "refused", ""},
	{`{"op":"frob","kind":"server","id":"b"}`, "refused", `unknown op "frob"`},
	{`{"op":"put","kind":"server","attrs":{"hostname":"b","ipv4":"192.0.2.2"}}`, "refused", "id is missing"},
	{`{"op":"put","kind":"server","id":"b"}`, "refused", "attrs is missing"},
	{`{"op":"put","kind":"sever","id":"b","attrs":{}}`, "refused", `"sever"`},
	{`{"op":"put","kind":"server","id":"b","attrs":{"hostname":"b","ipv4":17}}`, "refused", "ipv4"},
	{`{"op":"put","kind":"server","id":"b","attrs":{"hostname":"b","ipv4":"192.0.2.300"}}`, "refused", "192.0.2.300"},
	{`{"op":"put","kind":"server","id":"b","attrs":{"hostname":"b.c","ipv4":"192.0.2.2"}}`, "refused", "hostname"},
	{`{"op":"put","kind":"server","id":"b","rev":-1,"attrs":{"hostname":"b","ipv4":"192.0.2.2"}}`, "refused", "rev"},
	{`{"op":"put","kind":"server","id":"b","colour":"red","attrs":{"hostname":"b","ipv4":"192.0.2.2"}}`, "refused", "colour"},
	{`{"op":"put","kind":"server","id":"a","rev":4,"attrs":{"hostname":"a","ipv4":"192.0.2.9"}}`, "ignored", "older"},
	{`{"op":"put","kind":"server","id":"a","rev":5,"attrs":{"hostname":"a","ipv4":"192.0.2.1"}}`, "ignored", "unchanged"},
	{`{"op":"put","kind":"server","id":"a","rev":5,"attrs":{"hostname":"a","ipv4":"192.0.2.9"}}`, "refused", "rev-conflict"},
	{`{"op":"delete","kind":"server","id":"never","rev":9}`, "accepted", ""},
	{`{"op":"put","kind":"server","id":"never","rev":8,"attrs":{"hostname":"never","ipv4":"192.0.2.8"}}`, "ignored", "older"},
	{`{"op":"alive","as_of":"2026-11-20T10:00:00Z"}`, "accepted", ""},
	{`{"op":"put","kind":"server","id":"z","attrs":{"hostname":"z","ipv4":"192.0.2.26"}}`, "accepted", ""},
}

// TestBadEvents sends good and bad events in one go, from a file, from standard input and as arguments: each line gets
// its answer with the reason, and the good ones count.
func TestBadEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	var lines []string
	for _, e := range badEvents {
		lines = append(lines, e.event)
	}
	w.write("events.ndjson", strings.Join(lines, "\n")+"\n")
	s := w.ask("event", "events.ndjson")
	if s.code != 1 {
		t.Errorf("exit %d, not 1\n%s", s.code, s.err)
	}
	answers := eventAnswers(t, s.out)
	if len(answers) != len(badEvents) {
		t.Fatalf("%d answers to %d lines:\n%s", len(answers), len(badEvents), s.out)
	}
	for i, a := range answers {
		if e := badEvents[i]; a.Line != i+1 || a.Status != e.status || !strings.Contains(a.Reason, e.reason) {
			t.Errorf("%s\n\tgives %+v, not line %d %s %q", e.event, a, i+1, e.status, e.reason)
		}
	}
	w.serves("a.corp.example.", dns.TypeA, "192.0.2.1")
	w.serves("z.corp.example.", dns.TypeA, "192.0.2.26")
	w.serves("never.corp.example.", dns.TypeA, "NXDOMAIN")

	// The same from standard input, with a line of 10 MB in the middle; -q prints what was refused only.
	long := `{"op":"put","kind":"server","id":"long","attrs":{"hostname":"` + strings.Repeat("x", 10<<20) + `"}}`
	s = w.run(putWeb1+"\n"+long+"\n\n"+putWeb2+"\n", "event", "--http", w.http, "-q")
	answers = eventAnswers(t, s.out)
	if s.code != 1 || len(answers) != 1 || answers[0].Line != 2 || answers[0].Status != "refused" {
		t.Errorf("a line of 10 MB: exit %d, %.300s %.300s", s.code, s.out, s.err)
	} else {
		contains(t, answers[0].Reason, "longer than")
	}
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")

	// Ownership: another feed does not take an entity over.
	s = w.ask("event", "--feed", "other", moveWeb1)
	contains(t, s.out, `"refused"`, "owned-by")
	if s.code != 1 {
		t.Errorf("exit %d, not 1", s.code)
	}
	// An entity starts afresh where that is said.
	w.event(`{"op":"put","kind":"server","id":"never","rev":1,"reborn":true,"attrs":{"hostname":"never","ipv4":"192.0.2.8"}}`)
	w.serves("never.corp.example.", dns.TypeA, "192.0.2.8")
}

// TestEventNotSent: nobody there, and no such file.
func TestEventNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ask("event", putWeb1)
	if s.code == 0 {
		t.Error("exit 0 with nobody there")
	}
	contains(t, s.err, "nothing answers at http://"+w.http, "--http")
	s = w.ask("event", w.path("missing.ndjson"))
	if s.code == 0 {
		t.Error("exit 0 without the file")
	}
	contains(t, s.err, "missing.ndjson")
	if _, err := os.Stat(w.path("data")); err == nil {
		t.Error("a question makes no data folder")
	}
}
