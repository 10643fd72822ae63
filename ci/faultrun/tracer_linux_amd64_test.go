package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// The injector fails the call it is told to, and no other: else `ci/faults disk` shows nothing.
func TestInjectorHitsItsPosition(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at     int
		sticky bool
		one    string // what the file holds; "-": it is not there
		two    string
		hit    string
	}{
		{0, false, "1\n", "2\n", ""},
		{1, false, "-", "2\n", "openat one"},
		{2, false, "", "2\n", "write one"},
		{3, false, "1\n", "-", "openat two"},
		{4, false, "1\n", "", "write two"},
		{2, true, "", "-", "write one"},
		{5, false, "1\n", "2\n", ""},
	} {
		dir := t.TempDir()
		below := filepath.Join(dir, "data")
		if err := os.Mkdir(below, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", "echo elsewhere >other; echo 1 >data/one; echo 2 >data/two; exit 0")
		cmd.Dir = dir
		d := &disk{}
		d.fail(below+"/", c.at, c.sticky, syscall.EIO)
		ended, err := d.trace(cmd)
		if err != nil {
			t.Fatal(err)
		}
		<-ended
		for name, want := range map[string]string{"one": c.one, "two": c.two} {
			text, err := os.ReadFile(filepath.Join(below, name))
			if os.IsNotExist(err) {
				text = []byte("-")
			}
			if string(text) != want {
				t.Errorf("at %d, sticky %v: %s holds %q, want %q", c.at, c.sticky, name, text, want)
			}
		}
		if got := d.struck(); got != c.hit {
			t.Errorf("at %d: hit %q, want %q", c.at, got, c.hit)
		}
	}
}
