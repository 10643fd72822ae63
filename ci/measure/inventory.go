package measure

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Feed is where the inventory and its changes come from.
const Feed = "bench"

// The inventory: addresses of the benchmarking network of RFC 2544 and the documentation prefix of RFC 3849. Each server
// has an A, an AAAA and two PTR records.

func hostname(i int) string { return fmt.Sprintf("h%06d", i) }

// Host is the owner name of server i.
func Host(i int) string { return hostname(i) + ".site1.bench.example." }

// Address is the address server i has at first.
func Address(i int) string {
	return fmt.Sprintf("198.%d.%d.%d", 18+i>>16&1, i>>8&255, i&255)
}

// Moved is the address that the n-th change gives.
func Moved(n int) string { return fmt.Sprintf("198.19.%d.%d", 250+n/251%4, 1+n%251) }

// Put is the event that gives server i an address.
func Put(i int, ipv4 string) string {
	return fmt.Sprintf(`{"op":"put","kind":"server","id":%q,"attrs":%s}`+"\n", hostname(i), attrs(i, ipv4))
}

func attrs(i int, ipv4 string) string {
	return fmt.Sprintf(`{"hostname":%q,"site":"site1","ipv4":%q,"ipv6":"2001:db8::%x:%x","state":"up"}`, hostname(i), ipv4, i>>16, i&0xffff)
}

// WriteProject fills dir: fleet.ndjson, the full list in any order; zones, a folder; and zonecast.yaml.
func WriteProject(dir string, entities int, config string) error {
	f, err := os.Create(filepath.Join(dir, "fleet.ndjson"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, i := range rand.Perm(entities) {
		fmt.Fprintf(w, `{"kind":"server","id":"%s","attrs":%s}`+"\n", hostname(i), attrs(i, Address(i)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "zones"), 0o755); err != nil {
		return err
	}
	for _, z := range []string{"bench.example", "18.198.in-addr.arpa", "19.198.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"} {
		text := "'':\n  type: NS\n  value: ns1.bench.example.\n"
		if err := os.WriteFile(filepath.Join(dir, "zones", z+".yaml"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "zonecast.yaml"), []byte(config), 0o644)
}
