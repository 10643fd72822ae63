package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// binding is what is bound of one address.
type binding struct {
	addr netip.AddrPort // with the real port
	udp  []*udpSocket
	tcp  *net.TCPListener
}

func (b *binding) close() {
	for _, c := range b.udp {
		c.Close()
	}
	if b.tcp != nil {
		b.tcp.Close()
	}
}

// free gives back memory, when nobody answers any more.
func (b *binding) free() {
	for _, u := range b.udp {
		u.free()
	}
}

// portTries is how often port 0 is tried: the kernel's choice for TCP may be taken for UDP.
const portTries = 20

func bind(ctx context.Context, addr netip.AddrPort, l Limits) (*binding, error) {
	for try := 1; ; try++ {
		b, err := bindOnce(ctx, addr, l)
		if err == nil {
			return b, nil
		}
		b.close()
		b.free()
		if addr.Port() != 0 || try == portTries || !errors.Is(err, unix.EADDRINUSE) {
			return nil, err
		}
	}
}

func bindOnce(ctx context.Context, addr netip.AddrPort, l Limits) (*binding, error) {
	b := &binding{addr: addr}
	pktinfo := addr.Addr().IsUnspecified() // answers need to be told where they leave from
	family := "4"                          // "udp6" sets IPV6_V6ONLY, so that 0.0.0.0 and :: can be bound side by side
	if addr.Addr().Is6() {
		family = "6"
	}
	tcp, err := new(net.ListenConfig).Listen(ctx, "tcp"+family, b.addr.String())
	if err != nil {
		return b, bindError("TCP", addr, err)
	}
	b.tcp = tcp.(*net.TCPListener)
	b.addr = netip.AddrPortFrom(addr.Addr(), b.tcp.Addr().(*net.TCPAddr).AddrPort().Port())
	if l.Sockets > 1 { // SO_REUSEPORT would silently share with another process: ask without it first
		probe, err := new(net.ListenConfig).ListenPacket(ctx, "udp"+family, b.addr.String())
		if err != nil {
			return b, bindError("UDP", b.addr, err)
		}
		probe.Close()
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if cerr := raw.Control(func(fd uintptr) { err = socketOptions(int(fd), addr.Addr(), pktinfo, l.Sockets > 1) }); cerr != nil {
			return cerr
		}
		return err
	}}
	for range l.Sockets {
		udp, err := config.ListenPacket(ctx, "udp"+family, b.addr.String())
		if err != nil {
			return b, bindError("UDP", b.addr, err)
		}
		_ = udp.(*net.UDPConn).SetReadBuffer(l.ReceiveBuffer) // a wish: the kernel caps it at net.core.rmem_max
		socket, err := newUDPSocket(udp.(*net.UDPConn), pktinfo)
		if err != nil {
			return b, bindError("UDP", b.addr, err)
		}
		b.udp = append(b.udp, socket)
	}
	return b, nil
}

// bindError says which address, and who has it when that can be found out.
func bindError(network string, addr netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		by := "by another process"
		if holders := holders(strings.ToLower(network), addr.Port()); len(holders) > 0 {
			by = "by " + strings.Join(holders, ", ")
		}
		return fmt.Errorf("dns address %s (%s) is in use %s: %w", addr, network, by, unix.EADDRINUSE)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("dns address %s (%s): no permission; ports below 1024 need CAP_NET_BIND_SERVICE: %w", addr, network, unix.EACCES)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("dns address %s (%s): this host does not have that address: %w", addr, network, unix.EADDRNOTAVAIL)
	}
	return fmt.Errorf("dns address %s (%s): %w", addr, network, err)
}

// Loopbacks gives the default addresses: IPv4's loopback, and IPv6's where the machine has one.
func Loopbacks(port uint16) []string {
	list := []string{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port).String()}
	six := netip.AddrPortFrom(netip.IPv6Loopback(), 0)
	if probe, err := net.ListenPacket("udp6", six.String()); err == nil {
		probe.Close()
		list = append(list, netip.AddrPortFrom(six.Addr(), port).String())
	}
	return list
}
