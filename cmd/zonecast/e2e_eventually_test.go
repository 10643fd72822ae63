package main

import (
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// eventuallyPrints repeats a command of a script until it prints the text.
func eventuallyPrints(ts *testscript.TestScript, text, command string, args []string) {
	for deadline := time.Now().Add(patience); ; {
		_ = ts.Exec(command, args...) // its output counts, not its code
		out := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if strings.Contains(out, text) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q is not printed:\n%s", text, out)
		}
		time.Sleep(50 * time.Millisecond) // between two processes; not a synchronisation
	}
}
