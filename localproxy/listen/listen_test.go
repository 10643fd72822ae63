package listen

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// echo answers each packet with itself, marked as a response.
var echo = Func(func(query, buf []byte, _ Client) []byte {
	if len(query) < 12 {
		return nil
	}
	response := append(buf[:0], query...)
	response[2] |= 0x80
	return response
})

// start serves on addresses until the test ends.
func start(t *testing.T, limits Limits, handle Handler, addrs ...string) *Server {
	t.Helper()
	list := []netip.AddrPort{}
	for _, text := range addrs {
		addr, err := ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, addr)
	}
	s, err := Bind(t.Context(), list, limits, handle)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Serve(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func exchange(t *testing.T, network, addr string) error {
	t.Helper()
	client := &dns.Client{Net: network, Timeout: 5 * time.Second}
	_, _, err := client.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion("www.example.", dns.TypeA), addr)
	return err
}

func TestAnswersFromTheAddressAsked(t *testing.T) {
	t.Parallel()
	addrs := append(Loopbacks(0), "0.0.0.0:0")
	if len(addrs) == 3 {
		addrs = append(addrs, "[::]:0")
	}
	s := start(t, Limits{Sockets: 2}, echo, addrs...)
	for i, bound := range s.Addrs() {
		targets := []netip.Addr{bound.Addr()}
		switch {
		case bound.Addr() == netip.IPv4Unspecified(): // all of 127/8 is this host: a connected client sees the source
			targets = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.77")}
		case bound.Addr() == netip.IPv6Unspecified():
			targets = []netip.Addr{netip.IPv6Loopback()}
		}
		for _, target := range targets {
			at := netip.AddrPortFrom(target, bound.Port()).String()
			for _, network := range []string{"udp", "tcp"} {
				if err := exchange(t, network, at); err != nil {
					t.Errorf("%s: %s %s: %v", addrs[i], network, at, err)
				}
			}
		}
	}
}

func TestAddressInUseNamesIt(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp"} {
		for _, sockets := range []int{1, 2} {
			t.Run(fmt.Sprint(network, sockets), func(t *testing.T) {
				t.Parallel()
				wrong := ""
				for range 20 { // each with another port: anybody's outgoing connection may have the same one
					if wrong = bindTaken(t, network, sockets); wrong == "" {
						return
					}
				}
				t.Error(wrong)
			})
		}
	}
}

// bindTaken binds an address whose port is taken for one network, and tells what is wrong with the error: "" for nothing.
func bindTaken(t *testing.T, network string, sockets int) string {
	t.Helper()
	loopback := net.IPv4(127, 0, 0, 1)
	var taken string
	if network == "udp" {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		taken = conn.LocalAddr().String()
	} else {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: loopback})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		taken = l.Addr().String()
	}
	_, err := Bind(t.Context(), []netip.AddrPort{netip.MustParseAddrPort(taken)}, Limits{Sockets: sockets}, echo)
	if err == nil {
		t.Fatal("bound an address in use")
	}
	if want := taken + " (" + strings.ToUpper(network) + ") is in use"; !strings.Contains(err.Error(), want) {
		return fmt.Sprintf("want %q: %v", want, err)
	}
	if _, serr := os.Stat("/proc/net/" + network); serr == nil && !strings.Contains(err.Error(), "pid") {
		return fmt.Sprintf("holder not named: %v", err)
	}
	return ""
}

func TestBindIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Limits{}, echo, "127.0.0.1:0")
	free, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	first := free.Addr().(*net.TCPAddr).AddrPort()
	free.Close()
	if _, err := Bind(t.Context(), []netip.AddrPort{first, s.Addrs()[0]}, Limits{}, echo); err == nil {
		t.Fatal("bound an address twice")
	}
	again, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(first))
	if err != nil {
		t.Fatalf("the first address was kept: %v", err)
	}
	again.Close()
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func framed(id uint16) []byte {
	query := new(dns.Msg).SetQuestion("www.example.", dns.TypeA)
	query.Id = id
	packed, _ := query.Pack()
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
}

func readID(t *testing.T, conn net.Conn) uint16 {
	t.Helper()
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, message); err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint16(message)
}

func TestPipelining(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, Limits{}, echo, "127.0.0.1:0"))
	var all []byte
	for id := range uint16(200) {
		all = append(all, framed(id)...)
	}
	next := framed(200)
	if _, err := conn.Write(append(all, next[:5]...)); err != nil { // the last one in part: the others are answered
		t.Fatal(err)
	}
	for id := range uint16(200) {
		if got := readID(t, conn); got != id {
			t.Fatalf("answer %d where %d was asked", got, id)
		}
	}
	if _, err := conn.Write(next[5:]); err != nil {
		t.Fatal(err)
	}
	if got := readID(t, conn); got != 200 {
		t.Errorf("answer %d", got)
	}
}

func TestParseAddr(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "localhost:53", "127.0.0.1", ":53", "[::1]", "127.0.0.1:99999"} {
		if _, err := ParseAddr(bad); err == nil || !strings.Contains(err.Error(), "dns address") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	if err := (Limits{}).Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Limits{{Sockets: -1}, {Sockets: 1000}, {Connections: 1_000_000}, {IdleTimeout: -1}} {
		if bad.Validate() == nil {
			t.Errorf("accepted %+v", bad)
		}
	}
}
