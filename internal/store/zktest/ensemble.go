package zktest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Three starts an ensemble of three servers, stopped at the test's end.
func Three(t testing.TB) []*Server {
	t.Helper()
	require(t)
	var err error
	for range attempts {
		var servers []*Server
		servers, err = three(t.TempDir())
		if err == nil {
			t.Cleanup(func() { stopAll(servers) })
			return servers
		}
		if !errors.Is(err, errPort) {
			break
		}
	}
	t.Fatal(err)
	return nil
}

func three(dir string) ([]*Server, error) {
	ports, err := freePorts(9)
	if err != nil {
		return nil, err
	}
	var members strings.Builder
	for i := range 3 {
		fmt.Fprintf(&members, "server.%d=127.0.0.1:%d:%d\n", i+1, ports[3*i+1], ports[3*i+2])
	}
	var servers []*Server
	for i := range 3 {
		s := &Server{Addr: fmt.Sprintf("127.0.0.1:%d", ports[3*i]), dir: filepath.Join(dir, fmt.Sprint(i+1))}
		conf := base(s.dir, ports[3*i]) + "initLimit=50\nsyncLimit=20\n" + members.String()
		err := errors.Join(os.Mkdir(s.dir, 0o700),
			os.WriteFile(filepath.Join(s.dir, "myid"), fmt.Append(nil, i+1), 0o600),
			os.WriteFile(filepath.Join(s.dir, "zoo.cfg"), []byte(conf), 0o600), s.launch())
		servers = append(servers, s)
		if err != nil {
			stopAll(servers)
			return nil, err
		}
	}
	for _, s := range servers {
		if err := s.await(); err != nil {
			stopAll(servers)
			return nil, err
		}
	}
	return servers, nil
}

// Leader gives the index of the server that leads, -1 when none does.
func Leader(servers []*Server) int {
	for i, s := range servers {
		if strings.Contains(s.ask("srvr"), "Mode: leader") {
			return i
		}
	}
	return -1
}

// Serving counts the servers that serve, as leader or follower.
func Serving(servers []*Server) int {
	n := 0
	for _, s := range servers {
		if strings.Contains(s.ask("srvr"), "Mode: ") {
			n++
		}
	}
	return n
}

func stopAll(servers []*Server) {
	for _, s := range servers {
		s.Stop()
	}
}
