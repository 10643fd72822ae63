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
	// The child holds the pipe: it must be ended with its parent.
	if err := run("sh -c 'sleep 600 & wait'", 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "no end after") {
		t.Errorf("%v", err)
	}
	for _, line := range []string{"", "no-such-program-here x"} {
		if _, err := Command(line, time.Second); err == nil {
			t.Errorf("%q is taken for a command", line)
		}
	}
}
