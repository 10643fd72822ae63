package nameserver

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/measure"
)

// Zone is a zone file.
type Zone struct {
	Origin, File string
	// Transfer says who may transfer the zone from NSD: "" nobody, Anybody, or who has the key name:algorithm:secret.
	Transfer string
}

// Anybody on this host may transfer a zone.
const Anybody = "NOKEY"

// Server is a running name server.
type Server struct {
	Name string
	Addr string // of UDP and TCP
	cmd  *exec.Cmd
	said said
	done chan struct{} // closed when the process has ended
	err  error         // of its end
}

// said is what a server printed.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.b.Len() < 1<<20 {
		s.b.Write(p)
	}
	return len(p), nil
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// ports are taken one after the other: two servers that start side by side must not get the same.
var ports sync.Mutex

func freeAddr() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	return measure.FreeAddr()
}

// Zonecast builds one snapshot of all zones with the program at bin, as a user would, and serves it.
func Zonecast(bin, dir string, zones []Zone) (*Server, error) {
	file := filepath.Join(dir, "zones.snap")
	args := []string{"snapshot", "build", "-o", file}
	for _, z := range zones {
		args = append(args, z.File)
	}
	if out, err := exec.Command(bin, args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("snapshot build: %w\n%s", err, out)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return start("zonecast", addr, zones, false, bin, "localproxy", "--snapshot", file, "--dns", addr)
}

// start runs a command and waits until it serves every zone, or some if it is choosy.
func start(name, addr string, zones []Zone, choosy bool, command string, args ...string) (*Server, error) {
	s := &Server{Name: name, Addr: addr, cmd: exec.Command(command, args...), done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	s.cmd.Env = append(os.Environ(), "LC_ALL=C")
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	if err := s.await(zones, choosy); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s: %w\n%s", name, err, &s.said)
	}
	return s, nil
}

// startTime bounds the wait for the first answer: BIND with an empty entropy pool is the slowest.
const startTime = 20 * time.Second

func (s *Server) await(zones []Zone, choosy bool) error {
	end := time.Now().Add(startTime)
	c := dns.Client{Timeout: 200 * time.Millisecond}
	var missing []string
	for _, z := range zones {
		query := new(dns.Msg).SetQuestion(z.Origin, dns.TypeSOA).SetEdns0(1232, false) // two names of 255 octets fit no 512
		for {
			select {
			case <-s.done:
				return fmt.Errorf("ended before its first answer: %w", s.err)
			default:
			}
			r, _, err := c.Exchange(query, s.Addr)
			if err == nil && r.Authoritative && len(r.Answer) == 1 {
				break
			}
			// BIND reads all zones before it answers at all, Knot gives SERVFAIL for those that it has not read yet.
			if err == nil && choosy || time.Now().After(end) {
				missing = append(missing, z.Origin)
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if choosy && len(missing) < len(zones) {
		return nil
	}
	if len(missing) > 0 {
		return fmt.Errorf("does not serve %s", strings.Join(missing, " "))
	}
	return nil
}

// Alive tells whether the process still runs, and what it said if not.
func (s *Server) Alive() error {
	select {
	case <-s.done:
		return fmt.Errorf("%s ended: %w\n%s", s.Name, s.err, &s.said)
	default:
		return nil
	}
}

// Stop ends the process.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
}
