package nameserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// UnboundWith serves what a file of unbound.conf has (local data or auth-zones) and resolves nothing: it has nobody to
// ask.
func UnboundWith(dir, include string, zones []Zone) (*Server, error) {
	path, err := look("unbound")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "unbound.conf")
	config := fmt.Sprintf(`server:
  interface: %s@%s
  do-ip6: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: %q
  pidfile: %q
  module-config: "iterator"
  minimal-responses: yes
  rrset-roundrobin: no
  edns-buffer-size: 1232
  max-udp-size: 1232
  do-not-query-localhost: yes
  target-fetch-policy: "0 0 0 0 0"
  private-address: 0.0.0.0/0
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 192.0.2.255
include: %q
`, host, port, dir, filepath.Join(dir, "unbound.pid"), include)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return start("Unbound", addr, zones, false, path, "-d", "-c", file)
}

// ErrNoTinyDNS says why tinydns cannot be run here: it binds port 53 and changes its root.
var ErrNoTinyDNS = errors.New("tinydns needs root")

// TinyDNS compiles a data file with tinydns-data and serves it.
func TinyDNS(dir, data string, zones []Zone) (*Server, error) {
	compile, err := look("tinydns-data")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // an unprivileged tinydns reads it
		return nil, err
	}
	text, err := os.ReadFile(data)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "data"), text, 0o644); err != nil { //nolint:gosec // as above
		return nil, err
	}
	make := exec.Command(compile)
	make.Dir = dir
	if out, err := make.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("tinydns-data: %w\n%s", err, out)
	}
	return TinyDNSAt(dir, zones)
}

// TinyDNSAt serves the data.cdb of a folder, whoever makes it, on port 53 of a loopback address of its own: tinydns knows no other
// port.
func TinyDNSAt(dir string, zones []Zone) (*Server, error) {
	if os.Getuid() != 0 {
		return nil, ErrNoTinyDNS
	}
	path, err := look("tinydns")
	if err != nil {
		return nil, err
	}
	host, err := freeHost()
	if err != nil {
		return nil, err
	}
	const nobody = "65534"
	return start("tinydns", net.JoinHostPort(host, "53"), zones, false, "/usr/bin/env", "IP="+host, "ROOT="+dir, "UID="+nobody, "GID="+nobody, path)
}

// freeHost finds a loopback address whose port 53 nobody has.
func freeHost() (string, error) {
	var last error
	for range 50 {
		host := fmt.Sprintf("127.%d.%d.%d", 64+rand.IntN(64), rand.IntN(256), 1+rand.IntN(254))
		c, err := net.ListenPacket("udp", net.JoinHostPort(host, "53"))
		if err == nil {
			return host, c.Close()
		}
		last = err
	}
	return "", fmt.Errorf("no loopback address with a free port 53: %w", last)
}
