package listen

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// oobSize is room for one packet-information message: 28 octets for IPv4, 36 for IPv6.
const oobSize = 64

// socketOptions sets up a UDP socket before it is bound.
func socketOptions(fd int, addr netip.Addr, pktinfo, reusePort bool) error {
	if reusePort {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	if addr.Is4() {
		// RFC 9715: DNS over UDP is not fragmented, and path MTU discovery is not to be fooled into it.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_OMIT)
	}
	switch {
	case !pktinfo:
		return nil
	case addr.Is4():
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	default:
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	}
}

// replyInfo turns the packet information of a query, in place, into that of its answer: from the address that was
// asked, by whatever interface the routes say (link-local addresses excepted, which mean nothing without theirs).
func replyInfo(oob []byte) []byte {
	const header = unix.SizeofCmsghdr
	if len(oob) < header {
		return nil
	}
	level := int32(binary.NativeEndian.Uint32(oob[header-8:]))
	kind := int32(binary.NativeEndian.Uint32(oob[header-4:]))
	switch {
	case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(oob) >= header+unix.SizeofInet4Pktinfo:
		clear(oob[header : header+4]) // interface; the next four octets are the local address to leave from
		return oob[:unix.CmsgSpace(unix.SizeofInet4Pktinfo)]
	case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_PKTINFO && len(oob) >= header+unix.SizeofInet6Pktinfo:
		if addr := netip.AddrFrom16([16]byte(oob[header : header+16])); !addr.IsLinkLocalUnicast() {
			clear(oob[header+16 : header+20])
		}
		return oob[:unix.CmsgSpace(unix.SizeofInet6Pktinfo)]
	}
	return nil
}
