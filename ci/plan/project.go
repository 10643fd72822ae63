package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// size of the project.
type size struct{ servers, edges, wide, small int }

const (
	wideFiles  = 50 // of the large zone of people
	smallNames = 10 // of each small zone
)

func sized(scale float64) size {
	of := func(n int) int { return max(wideFiles, int(scale*float64(n))) }
	return size{servers: of(395_000), edges: of(50_000), wide: of(100_000) / wideFiles * wideFiles, small: of(1_000)}
}

// names with records, the apexes of all zones included.
func (s size) names() int { return 2*(s.servers+s.edges) + s.wide + s.small*smallNames + s.small + 3 }

const kinds = `kinds:
  server: {hostname: label, ipv4: ipv4, ipv6: ipv6}
  edge: {hostname: label, ipv4: ipv4, ipv6: ipv6}
`

const module = `module: %[1]ss
kind: %[1]s
ttl: 300
records:
  - {name: '{hostname}.fleet.example.', type: A, value: '{ipv4}'}
  - {name: '{reverse(ipv6)}', type: PTR, value: '{hostname}.fleet.example.'}
`

const config = `data: data
log: {level: warn}
`

// writeProject makes the inventory, rules, zones and configuration, in a git repository as people have them. Addresses
// are of the benchmarking network of RFC 2544 and the documentation prefix of RFC 3849.
func writeProject(dir string, s size) error {
	for path, text := range map[string]string{
		"zonecast.yaml": config, ".gitignore": "data/\nplan.json\nfleet.ndjson\n", "rules/kinds.yaml": kinds,
		"rules/servers.yaml": fmt.Sprintf(module, "server"), "rules/edges.yaml": fmt.Sprintf(module, "edge"),
		"zones/fleet.example.yaml": apex, "zones/8.b.d.0.1.0.0.2.ip6.arpa.yaml": apex,
	} {
		if err := writeFile(filepath.Join(dir, path), []byte(text)); err != nil {
			return err
		}
	}
	for f := range wideFiles {
		if err := writeFile(filepath.Join(dir, "zones", "wide.example", fmt.Sprintf("part%02d.yaml", f)), widePart(s, f)); err != nil {
			return err
		}
	}
	for z := range s.small {
		text := []byte(apex)
		for i := range smallNames {
			text = fmt.Appendf(text, "host%d:\n  type: A\n  ttl: 300\n  value: %s\n", i, address(z*smallNames+i))
		}
		if err := writeFile(filepath.Join(dir, "zones", fmt.Sprintf("small%05d.example.yaml", z)), text); err != nil {
			return err
		}
	}
	if err := writeFleet(filepath.Join(dir, "fleet.ndjson"), s); err != nil {
		return err
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "-qm", "bench"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

const apex = "'':\n  type: NS\n  value: ns1.example.net.\n"

func widePart(s size, f int) []byte {
	var text []byte
	if f == 0 {
		text = append(text, apex...)
	}
	for i := f * s.wide / wideFiles; i < (f+1)*s.wide/wideFiles; i++ {
		text = fmt.Appendf(text, "w%06d:\n  type: A\n  ttl: 300\n  value: %s\n", i, address(i))
	}
	return text
}

func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func address(i int) string {
	return netip.AddrFrom4([4]byte{198, byte(18 + i>>16&1), byte(i >> 8), byte(i)}).String()
}

func writeFleet(path string, s size) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range s.servers + s.edges {
		kind := "server"
		if i >= s.servers {
			kind = "edge"
		}
		fmt.Fprintf(w, `{"kind":"%s","id":"h%06d","attrs":{"hostname":"h%06d","ipv4":"%s","ipv6":"2001:db8::%x:%x"}}`+"\n", kind, i, i, address(i), i>>16, i&0xffff)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// edit is a change of files that is planned.
type edit struct {
	title  string
	names  int // that change by it
	glob   string
	old    string
	new    string
	all    bool // everywhere; else at the first place
	bar    time.Duration
	memory int64 // octets
}

func cases(s size) []edit {
	return []edit{
		{title: "nothing", glob: "zones/small00007.example.yaml", bar: time.Second, memory: 300 << 20},
		{title: "one line of a small zone", names: 1, glob: "zones/small00007.example.yaml", old: "ttl: 300", new: "ttl: 600", bar: time.Second, memory: 300 << 20},
		{title: "one line of the large zone", names: 1, glob: "zones/wide.example/part07.yaml", old: "ttl: 300", new: "ttl: 600", bar: time.Second, memory: 300 << 20},
		{title: "the TTL of the whole large zone", names: s.wide, glob: "zones/wide.example/*.yaml", old: "ttl: 300", new: "ttl: 600", all: true, bar: 5 * time.Second},
		{title: "the TTL of a module", names: 2 * s.edges, glob: "rules/edges.yaml", old: "ttl: 300", new: "ttl: 600", all: true},
	}
}

// apply makes the edit; back takes it back.
func (e edit) apply(dir string) (back func(), err error) {
	paths, err := filepath.Glob(filepath.Join(dir, e.glob))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s: no such file: %w", e.glob, err)
	}
	was := map[string][]byte{}
	back = func() {
		for path, text := range was {
			_ = os.WriteFile(path, text, 0o644) // the project is thrown away
		}
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		was[path] = text
		n := 1
		if e.all {
			n = -1
		}
		if e.old != "" {
			text = bytes.Replace(text, []byte(e.old), []byte(e.new), n)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return nil, err
		}
	}
	return back, nil
}
