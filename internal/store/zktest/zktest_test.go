package zktest

import (
	"net"
	"testing"
)

func TestRestartKeepsThePort(t *testing.T) {
	t.Parallel()
	s := Single(t, Options{})
	s.Stop()
	if c, err := net.Dial("tcp", s.Addr); err == nil {
		c.Close()
		t.Fatal("a stopped server takes connections")
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestThreeHaveALeader(t *testing.T) {
	t.Parallel()
	servers := Three(t)
	first := Leader(servers)
	if first < 0 {
		t.Fatal("no leader")
	}
	servers[first].Stop()
	if err := servers[(first+1)%3].await(); err != nil {
		t.Fatal("the other two do not serve", err)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	if a, b := Shared(t), Shared(t); a != b {
		t.Fatal("two shared servers")
	}
}
