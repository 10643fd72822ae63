// Package benchzone makes the zone that the engine is measured with, and questions for it: hosts with an A, an AAAA and
// a PTR record each, and for every fifty hosts an SRV set of four records. 300,000 hosts are 924,000 records and ten
// million records are 3,246,753 hosts. The same arguments give the same octets.
package benchzone

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
)

// Origin of the zone.
const Origin = "bench.example."

const (
	hostsPerSet = 50 // hosts to an SRV set
	setRecords  = 4
	sites       = 40
	ttl         = 3600
)

// HostsFor gives how many hosts make about so many records.
func HostsFor(records int) int { return records * 100 / 308 }

// Records counts those that hosts make; the zone's own few (SOA, NS and its servers' addresses) come on top.
func Records(hosts int) int { return 3*hosts + setRecords*(hosts/hostsPerSet) }

// Host is the owner name of host i.
func Host(i int) string { return fmt.Sprintf("h%07d.s%02d.%s", i, i%sites, Origin) }

// Reverse is the owner name of host i's PTR record: within the zone, where a provider's reverse tree would be delegated to it.
func Reverse(i int) string {
	return fmt.Sprintf("%d.%d.%d.in-addr.%s", i&255, i>>8&255, i>>16, Origin)
}

// Service is the owner name of SRV set i.
func Service(i int) string { return fmt.Sprintf("_http._tcp.app%06d.%s", i, Origin) }

// Address is host i's A record.
func Address(i int) netip.Addr { return netip.MustParseAddr(address(i)) }

// Address6 is host i's AAAA record.
func Address6(i int) netip.Addr { return netip.MustParseAddr(address6(i)) }

func address(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) }

func address6(i int) string { return fmt.Sprintf("2001:db8::%x:%x", i>>16, i&0xffff) }

// target is host k of SRV set i.
func target(i, k int) string { return Host(i*hostsPerSet + k*hostsPerSet/setRecords) }

// WriteZone writes an RFC 1035 zone file in the order in which an inventory would be exported: host by host.
func WriteZone(out io.Writer, hosts int) error {
	w := bufio.NewWriterSize(out, 1<<20)
	fmt.Fprintf(w, "$ORIGIN %s\n$TTL %d\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\n@ IN NS ns2\n", Origin, ttl)
	fmt.Fprint(w, "ns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n")
	for i := range hosts {
		fmt.Fprintf(w, "%[1]s IN A %[2]s\n%[1]s IN AAAA %[3]s\n%[4]s IN PTR %[1]s\n", Host(i), address(i), address6(i), Reverse(i))
		if i%hostsPerSet == hostsPerSet-1 {
			for k := range setRecords {
				fmt.Fprintf(w, "%s IN SRV 10 %d 8080 %s\n", Service(i/hostsPerSet), k, target(i/hostsPerSet, k))
			}
		}
	}
	return w.Flush()
}

// WriteData writes the same zone as tinydns-data reads it.
func WriteData(out io.Writer, hosts int) error {
	w := bufio.NewWriterSize(out, 1<<20)
	zone := Origin[:len(Origin)-1]
	fmt.Fprintf(w, "Z%s:ns1.%[1]s:hostmaster.%[1]s:1:7200:3600:1209600:300:%[2]d\n", zone, ttl)
	for k := 1; k <= 2; k++ {
		fmt.Fprintf(w, "&%[1]s::ns%[2]d.%[1]s:%[3]d\n+ns%[2]d.%[1]s:192.0.2.%[2]d:%[3]d\n", zone, k, ttl)
	}
	for i := range hosts {
		host, reverse := Host(i), Reverse(i)
		fmt.Fprintf(w, "+%s:%s:%d\n", host[:len(host)-1], address(i), ttl)
		fmt.Fprintf(w, `:%s:28:\040\001\015\270\000\000\000\000\000\000\000\000\%03o\%03o\%03o\%03o:%d`+"\n",
			host[:len(host)-1], i>>24, i>>16&255, i>>8&255, i&255, ttl)
		fmt.Fprintf(w, "^%s:%s:%d\n", reverse[:len(reverse)-1], host[:len(host)-1], ttl)
		if i%hostsPerSet == hostsPerSet-1 {
			for k := range setRecords {
				service := Service(i / hostsPerSet)
				fmt.Fprintf(w, `:%s:33:\000\012\000\%03o\037\220%s:%d`+"\n", service[:len(service)-1], k, wireText(target(i/hostsPerSet, k)), ttl)
			}
		}
	}
	return w.Flush()
}

// wireText writes a name without escapes in the form of a generic record's data.
func wireText(name string) string {
	out := ""
	for start, i := 0, 0; i < len(name); i++ {
		if name[i] == '.' {
			out += fmt.Sprintf(`\%03o%s`, i-start, name[start:i])
			start = i + 1
		}
	}
	return out + `\000`
}
