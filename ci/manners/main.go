// Command manners sends queries that no good client sends to the real program and, side by side, to Debian's NSD, Knot and BIND,
// over UDP and TCP: RFC 8906 8 and more. It prints who answers what, and says what of ours is not as it must be.
//
//	go run ./ci/manners --bin zonecast [--peers=false]
//
// Always an answer, and the right one: only what is no query (QR=1, no whole header) gets none. Exit: 0 all ours as it must be, 1
// not, 2 could not run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/nameserver"
	"zonecast/internal/zone"
)

func main() {
	bin := flag.String("bin", "", "the `program`")
	peers := flag.Bool("peers", true, "ask NSD, Knot and BIND too")
	flag.Parse()
	wrong, err := run(*bin, *peers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "manners:", err)
		os.Exit(2)
	}
	if wrong > 0 {
		fmt.Printf("%d answers of ours are wrong\n", wrong)
		os.Exit(1)
	}
}

// zoneText has an ordinary host and the largest set of addresses that is accepted (zone.MaxWire): it fits any message over TCP.
func zoneText() string {
	var b strings.Builder
	b.WriteString("manners.example. 60 IN SOA ns.example.net. admin.example.net. 1 3600 600 86400 60\nmanners.example. 60 IN NS ns.example.net.\n" +
		host + " 60 IN A 192.0.2.1\n")
	for i := range largest {
		fmt.Fprintf(&b, "huge.manners.example. 60 IN A 198.18.%d.%d\n", i/256, i%256)
	}
	for i := range 1000 {
		fmt.Fprintf(&b, "large.manners.example. 60 IN A 198.18.%d.%d\n", i/256, i%256)
	}
	return b.String()
}

func run(bin string, peers bool) (wrong int, err error) {
	if bin == "" {
		return 0, errors.New("--bin is needed: the program to ask")
	}
	dir, err := os.MkdirTemp("", "manners")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	zones := []nameserver.Zone{{Origin: "manners.example.", File: filepath.Join(dir, "manners.zone")}}
	if err := os.WriteFile(zones[0].File, []byte(zoneText()), 0o600); err != nil {
		return 0, err
	}
	starts := []func() (*nameserver.Server, error){func() (*nameserver.Server, error) { return nameserver.Zonecast(bin, dir, zones) }}
	if peers {
		if err := nameserver.Install("nsd", "knotd", "named"); err != nil {
			return 0, err
		}
		starts = append(starts, func() (*nameserver.Server, error) { return nameserver.NSD(dir, zones) },
			func() (*nameserver.Server, error) { return nameserver.Knot(dir, zones) },
			func() (*nameserver.Server, error) { return nameserver.BIND(dir, zones) })
	}
	t := &table{}
	for _, start := range starts {
		server, err := start()
		if err != nil {
			return 0, err
		}
		defer server.Stop()
		client, err := server.Dial()
		if err != nil {
			return 0, err
		}
		defer client.Close()
		t.servers, t.clients = append(t.servers, server), append(t.clients, client)
	}
	for _, m := range append(matrix(), sizes()...) {
		t.try(m)
	}
	for n := range 12 {
		t.try(manner{group: "octets of a header", name: fmt.Sprint(n), wire: ask(host, 1, 1).wire()[:n], want: silent})
	}
	t.pipeline()
	t.print()
	return t.wrong, errors.Join(t.servers[0].Alive())
}

// largest is how many addresses fill a message.
const largest = zone.MaxWire / 16

// sizes are answers larger than a datagram, up to a whole message.
func sizes() []manner {
	large, huge := ask("large.manners.example.", dns.TypeA, dns.ClassINET), ask("huge.manners.example.", dns.TypeA, dns.ClassINET)
	return []manner{
		{group: "size", name: "16,000 octets", wire: large.wire(), want: "NOERROR TC", tcp: "NOERROR"},
		{group: "size", name: "65,104 octets", wire: huge.wire(), want: "NOERROR TC", tcp: "NOERROR"},
	}
}

const (
	wait  = 100 * time.Millisecond // for silence
	again = 2 * time.Second        // where an answer must come: this machine may be busy
)
