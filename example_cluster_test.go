package zonecast

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestExampleCluster runs the demonstration that examples/cluster gives: every leader and a ZooKeeper server killed,
// the whole ensemble away, and every event answered for.
func TestExampleCluster(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "examples/cluster/run", "--demo", "--base-port", fmt.Sprint(freeHundred(t)), "--zonecast", program)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it ends what it started
	cmd.WaitDelay = time.Minute
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 && strings.HasPrefix(string(said), "missing: ") && os.Getenv("CI") != "true" {
		t.Skip(string(said))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	contains(t, string(said), "rules.main is led by ", "presenter is led by ", "publisher is led by ", "everything went as it should")
}

// freeHundred gives a base port above those of freeUDP and below those of outgoing connections, with nobody on the
// hundred ports from it on.
func freeHundred(t testing.TB) int {
	t.Helper()
next:
	for range 100 {
		base := 27500 + 100*rand.IntN(50)
		for port := base; port < base+100; port++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return base
	}
	t.Fatal("no hundred ports are free")
	return 0
}
