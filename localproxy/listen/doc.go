// Package listen brings DNS packets from UDP and TCP sockets to a handler and its answers back.
//
// In: addresses to bind, limits. Out: calls of a Handler's sessions, one packet each. An answer leaves by the address that was
// asked (RFC 2181 4.1): a socket for each address, and for a wildcard address the kernel's packet information.
//
// P9: the goroutines, the connections (in total and for one client), the time of a connection and every buffer are
// bounded. UDP and TCP share nothing, so that a flood of one leaves the other alone.
package listen

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"
)

// Limits of the listeners. The zero value of a field stands for the default.
type Limits struct {
	Sockets        int           `yaml:"sockets"`          // UDP sockets an address (SO_REUSEPORT beyond one); default one a processor, 16 at most
	Connections    int           `yaml:"connections"`      // TCP connections in total, at most 20,000; default 1000. One more displaces the idlest
	PerClient      int           `yaml:"per_client"`       // the same of one client address (IPv6: /64), loopback excepted; default 100
	IdleTimeout    time.Duration `yaml:"idle_timeout"`     // between two complete queries on a connection; default 10s (RFC 7766 6.2.3)
	TotalTimeout   time.Duration `yaml:"total_timeout"`    // of a whole connection; default 5m
	WriteTimeout   time.Duration `yaml:"write_timeout"`    // for a client to take an answer; default 5s
	ReceiveBuffer  int           `yaml:"receive_buffer"`   // octets the kernel may keep for a UDP socket; default 4 MiB, capped by the kernel
	QueriesPerConn int           `yaml:"queries_per_conn"` // then the connection is closed; default 100,000
}

// defaultSockets is one for each processor that the program may use. Sixteen answer some two million queries a second;
// more would only cost memory.
func defaultSockets() int {
	if runtime.GOOS != "linux" {
		return 1 // pktinfo_other.go
	}
	return min(runtime.GOMAXPROCS(0), 16)
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Sockets, defaultSockets())
	set(&l.Connections, 1000)
	set(&l.PerClient, 100)
	set(&l.ReceiveBuffer, 4<<20)
	set(&l.QueriesPerConn, 100_000)
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&l.IdleTimeout, 10 * time.Second}, {&l.TotalTimeout, 5 * time.Minute}, {&l.WriteTimeout, 5 * time.Second}} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	return l
}

// maxConnections bounds the cap on connections: the idlest is looked for among all of them.
const maxConnections = 20_000

// Validate refuses limits that cannot be meant.
func (l Limits) Validate() error {
	for _, v := range []int{l.Sockets, l.Connections, l.PerClient, l.ReceiveBuffer, l.QueriesPerConn} {
		if v < 0 {
			return errors.New("listener limits must not be negative")
		}
	}
	if l.Connections > maxConnections {
		return fmt.Errorf("%d connections: %d at most", l.Connections, maxConnections)
	}
	if l.Sockets > 256 {
		return fmt.Errorf("%d sockets an address: 256 at most", l.Sockets)
	}
	if l.IdleTimeout < 0 || l.TotalTimeout < 0 || l.WriteTimeout < 0 {
		return errors.New("listener time-outs must not be negative")
	}
	return nil
}

// ParseAddr reads "192.0.2.1:53" or "[2001:db8::1]:53".
func ParseAddr(text string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return addr, fmt.Errorf("dns address %q: want an IP address and a port, like 127.0.0.1:5300 or [::1]:5300", text)
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), nil
}
