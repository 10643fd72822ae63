package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"zonecast/ci/benchzone"
)

// server is one program under measurement, in its best documented configuration for one core: one worker, nothing logged,
// minimal responses, no limit on rates.
type server struct {
	name    string // in the table
	flag    string // in --servers
	program string // what must be there; empty: nothing but this command
	file    string // what it serves from, for its size; empty: it keeps no file of its own
	config  string // written to the work folder under configName, and printed with --configs
	prepare func() error
	args    []string
	env     []string
	addr    string // where it answers
	bare    bool   // an echo: answers are not looked at
	waiting int    // queries that may wait for it; 0: measure.Outstanding
}

func (s *server) configName() string { return s.flag + ".conf" }

// servers gives those named in pick, in this order. Every one gets an address and, where it is configured by a file,
// its configuration in dir.
func (w *world) servers(pick string) (list []*server, err error) {
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(pick, ",") {
		wanted[name] = true
	}
	for _, make := range []func(addr, host, port string) *server{w.zonecast, w.knot, w.nsd, w.bind, w.tinydns, w.coredns, w.echo, w.echoPlain, w.echoSockets} {
		addr, err := w.address()
		if err != nil {
			return nil, err
		}
		host, port, _ := net.SplitHostPort(addr)
		s := make(addr, host, port)
		if !wanted[s.flag] {
			continue
		}
		delete(wanted, s.flag)
		if s.program != "" {
			if _, err := exec.LookPath(s.program); err != nil {
				w.leaveOut(s, fmt.Errorf("%s: %s is not installed (as root on Debian, ci/bench installs it)", s.name, s.program))
				continue
			}
		}
		if s.config != "" {
			if err := os.WriteFile(w.in(s.configName()), []byte(s.config), 0o644); err != nil {
				return nil, err
			}
		}
		list = append(list, s)
	}
	for name := range wanted {
		return nil, fmt.Errorf("--servers: no %q; there are zonecast, knot, nsd, bind, tinydns, coredns, echo, echo-plain and echo-sockets", name)
	}
	return list, nil
}

func (w *world) zonecast(addr, _, _ string) *server {
	return &server{name: "zonecast", flag: "zonecast", file: w.in("bench.snap"), addr: addr,
		prepare: func() error {
			build, begun := exec.Command(w.bin, "snapshot", "build", "-o", w.in("bench.snap"), w.zone), time.Now()
			if err := run(build); err != nil {
				return err
			}
			w.built = time.Since(begun)
			if usage, ok := build.ProcessState.SysUsage().(*syscall.Rusage); ok {
				w.peak = usage.Maxrss << 10 // Linux counts it in KiB
			}
			return nil
		},
		args: []string{w.bin, "localproxy", "--snapshot", w.in("bench.snap"), "--dns", addr, "--http", w.http}}
}

// Knot DNS: a UDP worker; the journal is off, for the zone never changes.
func (w *world) knot(addr, host, port string) *server {
	return &server{name: "Knot DNS", flag: "knot", program: "knotd", addr: addr,
		prepare: func() error { return os.MkdirAll(w.in("knot"), 0o755) },
		args:    []string{"knotd", "-c", w.in("knot.conf")},
		config: fmt.Sprintf(`server:
  rundir: %[1]s/knot
  listen: %[2]s@%[3]s
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: %[1]s/knot
log:
  - target: stderr
    any: critical
zone:
  - domain: %[4]s
    file: %[5]s
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
`, w.dir, host, port, benchzone.Origin, w.zone)}
}

// NSD: the database is compiled at its first start, and read at the others.
func (w *world) nsd(addr, host, port string) *server {
	return &server{name: "NSD", flag: "nsd", program: "nsd", file: w.in("nsd.db"), addr: addr,
		args: []string{"nsd", "-d", "-c", w.in("nsd.conf")},
		config: fmt.Sprintf(`server:
  ip-address: %[2]s@%[3]s
  do-ip6: no
  server-count: 1
  username: ""
  zonesdir: "%[1]s"
  database: "%[1]s/nsd.db"
  zonelistfile: "%[1]s/nsd.list"
  xfrdfile: "%[1]s/nsd.xfrd"
  xfrdir: "%[1]s"
  pidfile: "%[1]s/nsd.pid"
  logfile: "%[1]s/nsd.log"
  verbosity: 0
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: %[4]s
  zonefile: "%[5]s"
`, w.dir, host, port, benchzone.Origin, w.zone)}
}

// BIND: the zone in raw form, which loads faster than text.
func (w *world) bind(addr, host, port string) *server {
	return &server{name: "BIND", flag: "bind", program: "named", file: w.in("bind.raw"), addr: addr,
		prepare: func() error {
			return w.command("named-compilezone", "-q", "-j", "-i", "none", "-F", "raw", "-o", w.in("bind.raw"), benchzone.Origin, w.zone)
		},
		args: []string{"named", "-f", "-n", "1", "-U", "1", "-c", w.in("bind.conf")},
		config: fmt.Sprintf(`options {
  directory "%[1]s";
  listen-on port %[3]s { %[2]s; };
  listen-on-v6 { none; };
  pid-file none;
  lock-file none;
  session-keyfile none;
  recursion no;
  dnssec-validation no;
  minimal-responses yes;
  querylog no;
  notify no;
  zone-statistics none;
};
controls { };
logging { category default { null; }; };
zone "%[4]s" { type primary; file "%[1]s/bind.raw"; masterfile-format raw; };
`, w.dir, host, port, benchzone.Origin)}
}

// tinydns answers on port 53 only, so it has an address of its own on the loopback interface; its log goes nowhere. It asks
// the kernel for a receive buffer of 65,536 octets, which is too small for as many waiting queries as the others get.
func (w *world) tinydns(string, string, string) *server {
	const host = "127.77.0.53"
	return &server{name: "tinydns", flag: "tinydns", program: "tinydns", waiting: 100, file: w.in("tinydns/data.cdb"), addr: host + ":53",
		prepare: func() error {
			if os.Geteuid() != 0 {
				return fmt.Errorf("tinydns binds port 53 and changes its root: run as root, or leave it out of --servers")
			}
			if err := os.MkdirAll(w.in("tinydns"), 0o755); err != nil {
				return err
			}
			if err := writeFile(w.in("tinydns/data"), func(f *os.File) error { return benchzone.WriteData(f, w.hosts) }); err != nil {
				return err
			}
			make := exec.Command("tinydns-data")
			make.Dir = w.in("tinydns")
			return run(make)
		},
		args: []string{"tinydns"},
		env:  []string{"IP=" + host, "ROOT=" + w.in("tinydns"), "UID=0", "GID=0"}}
}

// CoreDNS stands for servers written like dnsrocks: Go, a packet a goroutine, a DNS library on the path.
func (w *world) coredns(addr, host, port string) *server {
	return &server{name: "CoreDNS", flag: "coredns", program: w.corednsPath, addr: addr,
		args: []string{w.corednsPath, "-quiet", "-conf", w.in("coredns.conf")},
		config: fmt.Sprintf(`%s:%s {
    bind %s
    minimal
    file %s {
        reload 0
    }
}
`, benchzone.Origin, port, host, w.zone)}
}

func (w *world) echo(addr, _, _ string) *server {
	return &server{name: "echo, recvmmsg", flag: "echo", addr: addr, bare: true, args: []string{w.self, "--echo", addr}}
}

func (w *world) echoPlain(addr, _, _ string) *server {
	return &server{name: "echo, recvfrom", flag: "echo-plain", addr: addr, bare: true, args: []string{w.self, "--echo", addr, "--singly"}}
}

// echoSockets shows what zonecast's own sockets cost, without its engine.
func (w *world) echoSockets(addr, _, _ string) *server {
	return &server{name: "echo, zonecast's sockets", flag: "echo-sockets", addr: addr, bare: true, args: []string{w.self, "--echo", addr, "--sockets"}}
}

func (w *world) in(name string) string { return filepath.Join(w.dir, name) }
