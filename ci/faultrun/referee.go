//go:build linux && amd64

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// referee says what happens, and counts what must not.
type referee struct {
	out   io.Writer
	begun time.Time

	mu     sync.Mutex
	faults int
	seen   map[string]int // by rule
	table  []line
}

type line struct{ what, figure string }

func newReferee(out io.Writer) *referee {
	return &referee{out: out, begun: time.Now(), seen: map[string]int{}}
}

// shown bounds the violations of one rule that are printed one by one.
const shown = 20

// violate notes that a rule was broken.
func (r *referee) violate(rule, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults++
	if r.seen[rule]++; r.seen[rule] <= shown {
		r.print("VIOLATION (" + rule + "): " + fmt.Sprintf(format, args...))
	}
}

func (r *referee) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print(fmt.Sprintf(format, args...))
}

func (r *referee) print(text string) {
	fmt.Fprintf(r.out, "%s %7.1f  %s\n", time.Now().Format("15:04:05.000"), time.Since(r.begun).Seconds(), text)
}

// note adds a line to the final table.
func (r *referee) note(what, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table = append(r.table, line{what, fmt.Sprintf(format, args...)})
}

// verdict prints the table and tells whether nothing was violated.
func (r *referee) verdict() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out)
	for _, l := range r.table {
		fmt.Fprintf(r.out, "%-44s %s\n", l.what, l.figure)
	}
	for rule, n := range r.seen {
		fmt.Fprintf(r.out, "%-44s %d\n", "VIOLATED: "+rule, n)
	}
	if r.faults == 0 {
		fmt.Fprintf(r.out, "%-44s %s\n", "violations", "none")
	}
	return r.faults == 0
}
