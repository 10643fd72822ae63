package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"zonecast/ci/nameserver"
	"zonecast/internal/snapshot"
)

var errUnexplained = errors.New("differences that no rule explains")

// contestant is a server with an export, and what came of comparing it.
type contestant struct {
	name      string
	server    *nameserver.Server
	client    *nameserver.Client
	rules     []rule
	edns      bool
	equal     int
	explained map[string]int
	failed    int
}

// run makes a world, has everybody serve it and asks.
func run(bin string, queries int, seed uint64, report int) (err error) {
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	if err := nameserver.Install("nsd", "unbound", "tinydns", "tinydns-data"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "exports")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // tinydns runs as nobody
		return err
	}
	defer func() {
		if err == nil {
			err = os.RemoveAll(dir)
		} else {
			err = fmt.Errorf("%w (see %s)", err, dir)
		}
	}()
	w := newWorld(seed)
	var zones []nameserver.Zone
	for i := range w.zones {
		z := &w.zones[i]
		file := filepath.Join(dir, fmt.Sprintf("source-%d.zone", i))
		if err := os.WriteFile(file, []byte(z.text.String()), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
		zones = append(zones, nameserver.Zone{Origin: z.apex.String(), File: file})
	}
	ours, err := nameserver.Zonecast(bin, dir, zones)
	if err != nil {
		return err
	}
	defer ours.Stop()
	content, err := snapshot.Open(filepath.Join(dir, "zones.snap"))
	if err != nil {
		return err
	}
	defer content.Close()
	counts := content.Counts()
	fmt.Printf("%d zones, %d names, %d records\n", counts.Zones, counts.Names, counts.Records)
	list, err := contestants(bin, dir, zones)
	defer func() {
		for _, c := range list {
			c.client.Close()
			c.server.Stop()
		}
	}()
	if err != nil {
		return err
	}
	if err := sameAgain(bin, dir, zones); err != nil {
		return err
	}
	if err := rounds(bin, dir, zones); err != nil {
		return err
	}
	if err := following(bin, dir); err != nil {
		return fmt.Errorf("export --follow: %w", err)
	}
	return compare(w, ours, list, content, queries, report, rand.New(rand.NewPCG(seed, 3)))
}

// export runs the program as a user would.
func export(bin, dir, format, out string) error {
	printed, err := exec.Command(bin, "export", "--snapshot", filepath.Join(dir, "zones.snap"), "--format", format, "-o", out).CombinedOutput()
	if err != nil {
		return fmt.Errorf("export --format %s: %w\n%s", format, err, printed)
	}
	for line := range strings.Lines(string(printed)) {
		fmt.Printf("%-12s %s", format, line)
	}
	return nil
}

// contestants start with the exports; those that started come back with an error, too.
func contestants(bin, dir string, zones []nameserver.Zone) (list []*contestant, err error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(export(bin, dir, "rfc1035", at("rfc1035")), export(bin, dir, "tinydns", at("tinydns.data")),
		export(bin, dir, "unbound-auth", at("auth")), export(bin, dir, "unbound", at("local.conf"))); err != nil {
		return nil, err
	}
	var exported []nameserver.Zone
	for _, z := range zones {
		exported = append(exported, nameserver.Zone{Origin: z.Origin, File: filepath.Join(dir, "rfc1035", z.Origin+"zone")})
	}
	for _, c := range []struct {
		contestant
		start func() (*nameserver.Server, error)
	}{
		{contestant{name: "NSD, rfc1035", rules: nsdRules, edns: true}, func() (*nameserver.Server, error) { return nameserver.NSD(dir, exported) }},
		{contestant{name: "tinydns, tinydns", rules: tinydnsRules}, func() (*nameserver.Server, error) {
			return nameserver.TinyDNS(at("tinydns"), at("tinydns.data"), zones)
		}},
		{contestant{name: "Unbound, unbound-auth", rules: authRules, edns: true}, func() (*nameserver.Server, error) {
			return nameserver.UnboundWith(at("unbound-auth"), filepath.Join(dir, "auth", "zonecast.conf"), zones)
		}},
		{contestant{name: "Unbound, unbound", rules: localRules, edns: true}, func() (*nameserver.Server, error) {
			return nameserver.UnboundWith(at("unbound-local"), at("local.conf"), zones)
		}},
	} {
		one := c.contestant
		one.explained = map[string]int{}
		if one.server, err = c.start(); err != nil {
			return list, err
		}
		if one.client, err = one.server.Dial(); err != nil {
			one.server.Stop()
			return list, err
		}
		list = append(list, &one)
	}
	return list, nil
}

// sameAgain compiles the exported zone files: the snapshot must be the same, octet for octet.
func sameAgain(bin, dir string, zones []nameserver.Zone) error {
	args := []string{"snapshot", "build", "-o", filepath.Join(dir, "again.snap")}
	for _, z := range zones {
		args = append(args, filepath.Join(dir, "rfc1035", z.Origin+"zone"))
	}
	if out, err := exec.Command(bin, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build of the export: %w\n%s", err, out)
	}
	first, err := os.ReadFile(filepath.Join(dir, "zones.snap"))
	if err != nil {
		return err
	}
	second, err := os.ReadFile(filepath.Join(dir, "again.snap"))
	if err != nil {
		return err
	}
	if string(first) != string(second) {
		return fmt.Errorf("%w: the exported zone files make another snapshot", errUnexplained)
	}
	fmt.Printf("rfc1035      built again: the same %d octets\n", len(first))
	return nil
}

// compare asks everybody.
func compare(w *world, ours *nameserver.Server, list []*contestant, content *snapshot.Snapshot, queries, report int, r *rand.Rand) error {
	client, err := ours.Dial()
	if err != nil {
		return err
	}
	defer client.Close()
	view := snapshot.NewView(content)
	negative, unexplained := 0, 0
	for range queries {
		n, t := w.question()
		here, err := ask(client, n, t, true, false, r)
		if err == nil && here.tc {
			here, err = ask(client, n, t, true, true, r)
		}
		if err != nil {
			return fmt.Errorf("zonecast: %w", err)
		}
		if len(here.answer) == 0 {
			negative++
		}
		for _, c := range list {
			there, err := ask(c.client, n, t, c.edns, false, r)
			if err == nil && there.tc && c.edns {
				there, err = ask(c.client, n, t, c.edns, true, r)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, errors.Join(err, c.server.Alive()))
			}
			c.judge(&pair{name: n, typ: t, here: *here, there: *there, view: view}, report)
		}
	}
	fmt.Printf("%d questions to each, %d of them without an answer here\n", queries, negative)
	for _, c := range list {
		c.print()
		unexplained += c.failed
	}
	if unexplained > 0 {
		return fmt.Errorf("%d %w", unexplained, errUnexplained)
	}
	return nil
}

// judge takes known differences out of a pair; whatever is left is a fault.
func (c *contestant) judge(p *pair, report int) {
	if len(p.here.differences(&p.there)) == 0 {
		c.equal++
		return
	}
	before := *p
	var applied []string
	for _, k := range c.rules {
		if len(p.here.differences(&p.there)) > 0 && k.apply(p) {
			applied = append(applied, k.name)
		}
	}
	rest := p.here.differences(&p.there)
	if len(rest) == 0 {
		for _, name := range applied {
			c.explained[name]++
		}
		return
	}
	if c.failed++; c.failed <= report {
		fmt.Printf("UNEXPLAINED %s: %s %s\n    %s\n", c.name, p.name, p.typ, strings.Join(before.here.differences(&before.there), "\n    "))
	}
}

func (c *contestant) print() {
	fmt.Printf("%s\n%8d  the same answer\n", c.name, c.equal)
	for _, k := range c.rules {
		if n := c.explained[k.name]; n > 0 {
			fmt.Printf("%8d  %s: %s\n", n, k.name, k.why)
		}
	}
	fmt.Printf("%8d  unexplained\n", c.failed)
}
