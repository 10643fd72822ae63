package measure

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	first := place("# Page\n", "serve", "Serving", "one\n")
	if want := "# Page\n\n## Serving\n\n<!-- serve -->\n\none\n\n<!-- /serve -->\n"; first != want {
		t.Fatalf("%q", first)
	}
	second := place(first+"\n## Other\n", "serve", "Serving", "two")
	if want := "# Page\n\n## Serving\n\n<!-- serve -->\n\ntwo\n\n<!-- /serve -->\n\n## Other\n"; second != want {
		t.Errorf("%q", second)
	}
	// A section whose name begins like another's is another.
	if third := place(second, "serve-10", "Larger", "three"); place(third, "serve", "Serving", "two") != third {
		t.Errorf("%q", third)
	}
}

func TestParseLoad(t *testing.T) {
	t.Parallel()
	l, err := parseLoad(`Statistics:

  Queries sent:         256182
  Queries completed:    256180 (100.00%)
  Queries lost:         2 (0.00%)

  Response codes:       NOERROR 230580 (90.01%), NXDOMAIN 25600 (9.99%)
  Average packet size:  request 42, response 82
  Run time (s):         2.000710
`)
	if err != nil || l.Sent != 256182 || l.Completed != 256180 || l.Lost != 2 || l.Seconds != 2.00071 || len(l.Rcodes) != 2 || l.Rcodes["NXDOMAIN"] != 25600 {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := parseLoad("[Error] connect failed"); err == nil {
		t.Error("a run without a summary passed")
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "each")
	text := "[Status] Sending queries (to 127.0.0.1:5300)\n> NOERROR a.example. A 0.000250\n> T b.example. A\n> NXDOMAIN c.example. A 0.001000\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	took, err := Latencies(path)
	if err != nil || !slices.Equal(took, []time.Duration{250 * time.Microsecond, time.Millisecond}) {
		t.Errorf("%v, %v", took, err)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/smaps_rollup"); err != nil {
		t.Skip("no /proc")
	}
	child := exec.Command("cat")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = child.Wait() }()
	pids := Tree(os.Getpid())
	if !slices.Contains(pids, child.Process.Pid) || pids[0] != os.Getpid() || slices.Contains(pids, 1) {
		t.Errorf("tree of %d with child %d: %v", os.Getpid(), child.Process.Pid, pids)
	}
	if r, anonymous := Resident(pids); r < 1<<20 || r > 1<<32 || anonymous < 1<<16 || anonymous > r {
		t.Errorf("resident: %d octets, %d of them anonymous", r, anonymous)
	}
	for begun := time.Now(); CPU(pids[:1]) == 0; { // burning CPU until the kernel has counted a tick
		if time.Since(begun) > 30*time.Second {
			t.Fatal("no CPU time counted")
		}
	}
}

func TestTicks(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/stat"); err != nil {
		t.Skip("no /proc")
	}
	if busy, total := ticks(); busy <= 0 || total < busy {
		t.Errorf("%d of %d ticks busy", busy, total)
	}
}
