package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestExampleProgramsPassTheirTests has check start the programs of examples/process, in Python and in shell, and run the
// tests of their modules.
func TestExampleProgramsPassTheirTests(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is missing")
		}
		t.Skip("python3 is missing")
	}
	w := newWorld(t)
	check := func(args ...string) string {
		s := w.run("", append([]string{"check"}, args...)...)
		return s.out + s.err
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, check("-c", examples+"/process/zonecast.yaml"), "no problems")
	contains(t, check("-c", examples+"/gomodule/zonecast.yaml"), "unknown-go-module", "slaac.yaml:4:5")
	contains(t, check("--rules", examples+"/process/rules"), "unknown-process", "pushed files cannot run programs")
}
