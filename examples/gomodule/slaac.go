// Package gomodule is an example of rule modules in Go. It is built into a zonecast by naming it in cmd/zonecast/modules.go:
//
//	var goModules = map[string]maker.Module{"slaac": gomodule.SLAAC{}}
//
// and a module file then says `go: slaac`, as rules/slaac.yaml does. The test builds such a zonecast from modules.go.txt.
package gomodule

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"zonecast/rules/maker"
)

// SLAAC gives hosts the addresses that they make of their hardware address (RFC 4291, appendix A: modified EUI-64).
type SLAAC struct{}

// Version changes when the same host would get another address.
func (SLAAC) Version() string { return "1" }

// Records gives the host's AAAA record.
func (SLAAC) Records(_ context.Context, e maker.Entity) ([]maker.Record, error) {
	mac, err := net.ParseMAC(e.Attrs["mac"].(string)) // the kind says that it is there, and a string
	if err != nil || len(mac) != 6 {
		return nil, fmt.Errorf("mac %q: want six octets", e.Attrs["mac"])
	}
	prefix, err := netip.ParseAddr(e.Attrs["network"].(string))
	if err != nil {
		return nil, err
	}
	b := prefix.As16()
	copy(b[8:], []byte{mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]})
	return []maker.Record{{Name: e.Attrs["hostname"].(string) + "." + e.Vars["suffix"], Type: "AAAA", Value: netip.AddrFrom16(b).String()}}, nil
}
