package main

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// said is what a command printed, and its exit code.
type said struct {
	out, err string
	code     int
}

// run runs a command to its end, with input on its standard input.
func (w *world) run(input string, args ...string) said {
	w.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// ask runs a command that asks the running pipeline.
func (w *world) ask(args ...string) said {
	w.t.Helper()
	return w.run("", append(args, "--http", w.http)...)
}

// must runs a command that asks the running pipeline, and that has to end with 0.
func (w *world) must(args ...string) string {
	w.t.Helper()
	s := w.ask(args...)
	if s.code != 0 {
		w.t.Fatalf("zonecast %s: exit %d\n%s%s", strings.Join(args, " "), s.code, s.out, s.err)
	}
	return s.out
}

// event sends events that must all be accepted or ignored.
func (w *world) event(events ...string) {
	w.t.Helper()
	w.must(append([]string{"event"}, events...)...)
}

// query asks the proxy over UDP; nil when there is no answer.
func (w *world) query(name string, qtype uint16) *dns.Msg {
	client := &dns.Client{Timeout: 2 * time.Second}
	reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, qtype), w.dns)
	if err != nil {
		return nil
	}
	return reply
}

// answers gives the data of the answer in order of text: "NXDOMAIN" for a name that is not there, "-" for no answer.
func (w *world) answers(name string, qtype uint16) string {
	reply := w.query(name, qtype)
	if reply == nil {
		return "-"
	}
	if reply.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[reply.Rcode]
	}
	var list []string
	for _, rr := range reply.Answer {
		list = append(list, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// serves waits until DNS gives exactly this for a name.
func (w *world) serves(name string, qtype uint16, want string) {
	w.t.Helper()
	var got string
	defer func() {
		if got != want {
			w.t.Logf("%s %s: %q, not %q", name, dns.TypeToString[qtype], got, want)
		}
	}()
	eventually(w.t, name+" is "+want, func() bool { got = w.answers(name, qtype); return got == want })
}

// contains checks each text in turn.
func contains(t testing.TB, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// held waits until an item of a check is held whose text has all of the words, and gives its id and all that is shown of it.
func (w *world) held(check string, words ...string) (id, shown string) {
	w.t.Helper()
	var list string
	defer func() {
		if w.t.Failed() {
			w.t.Logf("held: %s", list)
		}
	}()
	eventually(w.t, "held: "+check+" "+strings.Join(words, " "), func() bool {
		list = w.must("held")
		for _, line := range strings.Split(list, "\n") {
			if strings.HasPrefix(line, " ") || !strings.Contains(line, "["+check+"], since") {
				continue
			}
			id, _, _ = strings.Cut(line, " ")
			s := w.ask("held", "show", id) // fails when it has gone away meanwhile
			shown = s.out
			if s.code == 0 && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(shown, word) }) {
				return true
			}
		}
		return false
	})
	return id, shown
}

// nothingHeld waits until the list of held items is empty.
func (w *world) nothingHeld() {
	w.t.Helper()
	eventually(w.t, "nothing is held", func() bool { return w.must("held") == "nothing is held\n" })
}
