package nameserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// programs are the commands of the peers and Debian's packages that hold them.
var programs = map[string]string{"nsd": "nsd", "knotd": "knot", "named": "bind9", "unbound": "unbound", "tinydns": "tinydns",
	"tinydns-data": "tinydns"}

// Install makes sure that the commands are there: through apt-get, where this is root's Debian.
func Install(commands ...string) error {
	var missing []string
	for _, c := range commands {
		if _, err := look(c); err != nil {
			missing = append(missing, programs[c])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	packages := strings.Join(slices.Compact(missing), " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return fmt.Errorf("missing: %s; install them (Debian's package names) and run again", packages)
	}
	// A package that starts its server at once would take port 53: the policy says no.
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil { //nolint:gosec // run by dpkg
			return err
		}
		defer os.Remove(policy)
	}
	install := "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends " + packages
	if out, err := exec.Command("sh", "-c", install).CombinedOutput(); err != nil {
		return fmt.Errorf("install %s: %w\n%s", packages, err, out)
	}
	return nil
}

// look finds a command that a plain user's path may not have.
func look(command string) (string, error) {
	if path, err := exec.LookPath(command); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/" + command)
}

// NSD serves the zones with minimal responses and 1232 octets over UDP, as the local proxy does.
func NSD(dir string, zones []Zone) (*Server, error) {
	return peer("nsd", dir, zones, func(dir, host, port string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `server:
  ip-address: %s@%s
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: %q
  database: ""
  pidfile: %q
  xfrdfile: %q
  zonelistfile: %q
  xfrdir: %q
  ipv4-edns-size: 1232
  minimal-responses: yes
  refuse-any: no
  round-robin: no
  rrl-ratelimit: 0
  tcp-count: 1000
remote-control:
  control-enable: no
`, host, port, dir, dir+"/nsd.pid", dir+"/xfrd.state", dir+"/zone.list", dir)
		for _, z := range zones {
			fmt.Fprintf(&b, "zone:\n  name: %q\n  zonefile: %q\n", z.Origin, z.File)
			if key := strings.Split(z.Transfer, ":"); z.Transfer != "" {
				fmt.Fprintf(&b, "  provide-xfr: 127.0.0.1 %s\n", key[0])
				if len(key) == 3 {
					fmt.Fprintf(&b, "key:\n  name: %q\n  algorithm: %s\n  secret: %q\n", key[0], key[1], key[2])
				}
			}
		}
		return b.String()
	}, "-d", "-c")
}

// Knot serves the zones; what it adds to answers beyond the minimum cannot be switched off.
func Knot(dir string, zones []Zone) (*Server, error) {
	return peer("knotd", dir, zones, func(dir, host, port string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `server:
  listen: %s@%s
  rundir: %q
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  udp-max-payload: 1232
database:
  storage: %q
  journal-db-max-size: 16M
  kasp-db-max-size: 16M
  timer-db-max-size: 4M
log:
  - target: stderr
    any: error
template:
  - id: default
    storage: %q
    journal-content: none
    zonefile-load: whole
    semantic-checks: off
zone:
`, host, port, dir, dir, dir)
		for _, z := range zones {
			fmt.Fprintf(&b, "  - domain: %q\n    file: %q\n", z.Origin, z.File)
		}
		return b.String()
	}, "-c")
}

// BIND serves those of the zones that it takes: it refuses one whose own servers have no address.
func BIND(dir string, zones []Zone) (*Server, error) {
	return peer("named", dir, zones, func(dir, host, port string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `options {
  directory %q;
  listen-on port %s { %s; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion no;
  allow-transfer { none; };
  notify no;
  empty-zones-enable no;
  minimal-responses yes;
  minimal-any yes;
  max-udp-size 1232;
  edns-udp-size 1232;
  rrset-order { order none; };
  dnssec-validation no;
  max-records-per-type 0;
  max-types-per-name 0;
};
controls { };
`, dir, port, host)
		for _, z := range zones {
			fmt.Fprintf(&b, `zone %q { type primary; file %q; check-names ignore; check-integrity no; check-mx ignore; check-mx-cname ignore;
  check-srv-cname ignore; check-sibling no; check-wildcard no; check-dup-records ignore; check-spf ignore; };
`, z.Origin, z.File)
		}
		return b.String()
	}, "-g", "-n", "1", "-c")
}

func peer(command, parent string, zones []Zone, config func(dir, host, port string) string, args ...string) (*Server, error) {
	path, err := look(command)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(parent, command)
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
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(config(dir, host, port)), 0o600); err != nil {
		return nil, err
	}
	return start(names[command], addr, zones, command == "named", path, append(args, file)...)
}

var names = map[string]string{"nsd": "NSD", "knotd": "Knot", "named": "BIND"}
