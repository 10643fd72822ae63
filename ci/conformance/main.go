// Command conformance asks the real program the questions of a file of cases, each a zone, a question and what BIND, NSD, Knot
// and PowerDNS all answered (the Ferret data set; the file stays outside the repository):
//
//	go run ./ci/conformance --bin zonecast [--cases FILE]
//
// The zones go through `snapshot build` and `localproxy --snapshot`, and every question over UDP and over TCP. Zones that have
// nothing to do with each other are served together. Exit: 0 all as expected, 1 not, 2 could not run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/nameserver"
)

func main() {
	bin := flag.String("bin", "", "the `program`")
	cases := flag.String("cases", filepath.Join("..", "shared", "conformance", "zone-query-answer.jsonl.gz"), "the `file` of cases")
	flag.Parse()
	wrong, err := run(*bin, *cases)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	case wrong > 0:
		os.Exit(1)
	}
}

func run(bin, path string) (wrong int, err error) {
	if bin == "" {
		return 0, errors.New("--bin is needed: the program to ask")
	}
	begun := time.Now()
	cases, err := read(path)
	if err != nil {
		return 0, err
	}
	together := batches(cases)
	asked := 0
	for _, batch := range together {
		faults, err := serve(bin, batch)
		if err != nil {
			return wrong, err
		}
		for _, f := range faults {
			fmt.Println(f)
		}
		wrong += len(faults)
		asked += 2 * len(batch)
	}
	fmt.Printf("%d cases in %d snapshots, %d questions over UDP and TCP: %d wrong (%.1f s)\n", len(cases), len(together), asked, wrong,
		time.Since(begun).Seconds())
	return wrong, nil
}

// serve asks the questions of one batch.
func serve(bin string, batch []*testCase) (faults []string, err error) {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var zones []nameserver.Zone
	for i, c := range batch {
		z := nameserver.Zone{Origin: c.Origin, File: filepath.Join(dir, fmt.Sprintf("%d.zone", i))}
		if err := os.WriteFile(z.File, []byte(c.Zone), 0o600); err != nil {
			return nil, err
		}
		zones = append(zones, z)
	}
	server, err := nameserver.Zonecast(bin, dir, zones)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	client, err := server.Dial()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for _, c := range batch {
		query, err := new(dns.Msg).SetQuestion(c.Qname, dns.StringToType[c.Qtype]).Pack()
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", c.ID, err)
		}
		for _, by := range []struct {
			name string
			ask  func([]byte, time.Duration) ([]byte, error)
		}{{"UDP", client.UDP}, {"TCP", client.TCP}} {
			raw, err := by.ask(query, 5*time.Second)
			if err != nil {
				return nil, fmt.Errorf("case %d over %s: %w", c.ID, by.name, errors.Join(err, server.Alive()))
			}
			if fault := c.compare(raw); fault != "" {
				faults = append(faults, fmt.Sprintf("case %d over %s: %s %s: %s, in\n%s", c.ID, by.name, c.Qname, c.Qtype, fault, c.Zone))
			}
		}
	}
	return faults, nil
}

// compare gives what is wrong with an answer.
func (c *testCase) compare(raw []byte) string {
	got := new(dns.Msg)
	if err := got.Unpack(raw); err != nil {
		return err.Error()
	}
	var faults []string
	differ := func(what string, got, want any) {
		faults = append(faults, fmt.Sprintf("%s %v, want %v", what, got, want))
	}
	if rcode := dns.RcodeToString[got.Rcode]; rcode != c.Rcode {
		differ("rcode", rcode, c.Rcode)
	}
	if got.Authoritative != c.AA {
		differ("AA", got.Authoritative, c.AA)
	}
	if answer := texts(got.Answer); !slices.Equal(answer, c.answer) {
		differ("answer", answer, c.answer)
	}
	if c.Authority != nil && len(c.Answer) == 0 {
		if authority := texts(got.Ns); !slices.Equal(authority, c.authority) {
			differ("authority", authority, c.authority)
		}
	}
	return strings.Join(faults, "; ")
}
