package importer

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"zonecast/internal/zone"
)

// server reads "." and "&": a name server, and with "." the zone's SOA.
func (t *tiny) server(kind byte, owner zone.Name) error {
	host, err := t.host(2, "ns", owner)
	if err != nil {
		return err
	}
	if kind == '.' {
		rname, err := owner.Child("hostmaster")
		if err != nil {
			return err
		}
		ttl := t.ttl
		t.ttl = tinySOA
		if ttl == 0 {
			t.ttl = 0
		}
		t.add(owner, zone.TypeSOA, soaData(host, rname, [5]uint32{1, 16384, 2048, 1048576, 2560}))
		t.ttl = ttl
	}
	t.add(owner, zone.TypeNS, []byte(host))
	return t.ipv4(1, host)
}

func soaData(mname, rname zone.Name, numbers [5]uint32) []byte {
	data := append([]byte(mname), rname...)
	for _, v := range numbers {
		data = binary.BigEndian.AppendUint32(data, v)
	}
	return data
}

// start reads "Z": a SOA.
func (t *tiny) start(owner zone.Name) error {
	mname, err := t.name(1)
	if err != nil {
		return err
	}
	rname, err := t.name(2)
	if err != nil {
		return err
	}
	numbers := [5]uint32{1, 16384, 2048, 1048576, 2560}
	for i := range numbers {
		v, err := number(t.field(3+i), 32, uint64(numbers[i]))
		if err != nil {
			return err
		}
		numbers[i] = uint32(v)
	}
	t.add(owner, zone.TypeSOA, soaData(mname, rname, numbers))
	return nil
}

// address reads "+" and "=": an address, and with "=" its reverse name.
func (t *tiny) address(owner zone.Name, reverse bool) error {
	if len(t.field(1)) == 0 {
		return errFields
	}
	if err := t.ipv4(1, owner); err != nil || !reverse {
		return err
	}
	return t.reverse(netip.MustParseAddr(string(t.field(1))), owner)
}

// address6 reads "3" and "6": an IPv6 address of 32 hexadecimal digits, and with "6" its reverse name.
func (t *tiny) address6(owner zone.Name, reverse bool) error {
	raw, err := hex.DecodeString(string(t.field(1)))
	if err != nil || len(raw) != 16 {
		return fmt.Errorf("%.60q is no IPv6 address of 32 hexadecimal digits", t.field(1))
	}
	t.add(owner, zone.TypeAAAA, raw)
	if !reverse {
		return nil
	}
	return t.reverse(netip.AddrFrom16([16]byte(raw)), owner)
}

func (t *tiny) reverse(addr netip.Addr, target zone.Name) error {
	var b strings.Builder
	octets := addr.AsSlice()
	for i := len(octets) - 1; i >= 0; i-- {
		if addr.Is4() {
			fmt.Fprintf(&b, "%d.", octets[i])
		} else {
			fmt.Fprintf(&b, "%x.%x.", octets[i]&15, octets[i]>>4)
		}
	}
	suffix := "ip6.arpa."
	if addr.Is4() {
		suffix = "in-addr.arpa."
	}
	name, err := zone.ParseName(b.String() + suffix)
	if err != nil {
		return err
	}
	t.add(name, zone.TypePTR, []byte(target))
	return nil
}

// mail reads "@": a mail exchanger.
func (t *tiny) mail(owner zone.Name) error {
	host, err := t.host(2, "mx", owner)
	if err != nil {
		return err
	}
	distance, err := number(t.field(3), 16, 0)
	if err != nil {
		return err
	}
	t.add(owner, zone.TypeMX, append(binary.BigEndian.AppendUint16(nil, uint16(distance)), host...))
	return t.ipv4(1, host)
}

// service reads "S" (a patch's): fqdn:ip:x:port:priority:weight:ttl.
func (t *tiny) service(owner zone.Name) error {
	host, err := t.host(2, "srv", owner)
	if err != nil {
		return err
	}
	var data []byte
	for _, i := range [3]int{4, 5, 3} {
		v, err := number(t.field(i), 16, 0)
		if err != nil {
			return err
		}
		data = binary.BigEndian.AppendUint16(data, uint16(v))
	}
	t.add(owner, zone.TypeSRV, append(data, host...))
	return t.ipv4(1, host)
}

// naptr reads "N" (a patch's): fqdn:order:preference:flags:service:regexp:replacement:ttl.
func (t *tiny) naptr(owner zone.Name) error {
	var data []byte
	for i := 1; i <= 2; i++ {
		v, err := number(t.field(i), 16, 0)
		if err != nil {
			return err
		}
		data = binary.BigEndian.AppendUint16(data, uint16(v))
	}
	for i := 3; i <= 5; i++ {
		text := octal(t.field(i))
		if len(text) > 255 {
			return fmt.Errorf("a field of more than 255 octets")
		}
		data = append(append(data, byte(len(text))), text...)
	}
	replacement, err := t.name(6)
	if err != nil {
		return err
	}
	typ, _ := zone.ParseType("NAPTR")
	t.add(owner, typ, append(data, replacement...))
	return nil
}
