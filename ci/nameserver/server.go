package nameserver

import (
	"bytes"
	"errors"
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
type Zone struct{ Origin, File string }

// Server is a running name server.
type Server struct {
	Name string
	Addr string // of UDP and TCP
	cmd  *exec.Cmd
	said said
	done chan error
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
	return start("zonecast", addr, zones, bin, "localproxy", "--snapshot", file, "--dns", addr)
}

// start runs a command and waits until it serves every zone.
func start(name, addr string, zones []Zone, command string, args ...string) (*Server, error) {
	s := &Server{Name: name, Addr: addr, cmd: exec.Command(command, args...), done: make(chan error, 1)}
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	s.cmd.Env = append(os.Environ(), "LC_ALL=C")
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.done <- s.cmd.Wait() }()
	if err := s.await(zones); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s: %w\n%s", name, err, &s.said)
	}
	return s, nil
}

// startTime bounds the wait for the first answer: BIND with an empty entropy pool is the slowest.
const startTime = 30 * time.Second

func (s *Server) await(zones []Zone) error {
	end := time.Now().Add(startTime)
	var missing []string
	for _, z := range zones {
		query := new(dns.Msg).SetQuestion(z.Origin, dns.TypeSOA)
		for {
			select {
			case err := <-s.done:
				return fmt.Errorf("ended: %w", errors.Join(err, errors.New("before its first answer")))
			default:
			}
			c := dns.Client{Timeout: 200 * time.Millisecond}
			r, _, err := c.Exchange(query, s.Addr)
			if err == nil && r.Authoritative && len(r.Answer) == 1 {
				break
			}
			// A zone that is refused after others were served has not been loaded, and will not be.
			if time.Now().After(end) || err == nil && z != zones[0] && r.Rcode != dns.RcodeSuccess && len(missing) < len(zones) {
				missing = append(missing, z.Origin)
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if time.Now().After(end) {
			break
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("does not serve %s", strings.Join(missing, " "))
	}
	return nil
}

// Alive tells whether the process still runs, and what it said if not.
func (s *Server) Alive() error {
	select {
	case err := <-s.done:
		s.done <- err
		return fmt.Errorf("%s ended: %w\n%s", s.Name, errors.Join(err, errors.New("unasked")), &s.said)
	default:
		return nil
	}
}

// Stop ends the process.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
}
