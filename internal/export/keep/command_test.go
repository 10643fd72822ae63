package keep

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"unbound-control reload":             {"unbound-control", "reload"},
		"  make\t-C /etc/tinydns/root ":      {"make", "-C", "/etc/tinydns/root"},
		`sh -c 'tinydns-data && echo "x y"'`: {"sh", "-c", `tinydns-data && echo "x y"`},
		`a "" b`:                             {"a", "", "b"},
		`a"b c"d`:                            {"ab cd"},
		"":                                   nil,
	} {
		got, err := split(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
	if _, err := split(`sh -c 'x`); err == nil {
		t.Error("an open quotation mark is taken")
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	run := func(line string, timeout time.Duration) error {
		t.Helper()
		reload, err := Command(line, timeout)
		if err != nil {
			t.Fatal(err)
		}
		return reload(t.Context())
	}
	file := filepath.Join(t.TempDir(), "ran")
	if err := run("sh -c 'echo $0 >"+file+"' '$HOME'", time.Minute); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "$HOME\n" {
		t.Errorf("a shell of our own read %q", got)
	}
	if err := run("sh -c 'echo broken config >&2; exit 3'", time.Minute); err == nil || !strings.Contains(err.Error(), "broken config") {
		t.Errorf("%v", err)
	}
	// What the command started is ended with it.
	if err := run("sh -c 'sleep 600 & echo $! >"+file+"; wait'", time.Second); err == nil || !strings.Contains(err.Error(), "no end after") {
		t.Errorf("%v", err)
	}
	pid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		// Of what has ended there is no command line, though nobody has waited for it yet.
		text, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "cmdline"))
		if err != nil || len(text) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%q goes on", text)
		}
	}
	for _, line := range []string{"", "no-such-program-here x"} {
		if _, err := Command(line, time.Second); err == nil {
			t.Errorf("%q is taken for a command", line)
		}
	}
}
