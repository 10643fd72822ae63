package listen

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zonecast/localproxy/answer"
)

// tally is a Handler whose answers name the query and the client; its sessions count, with plain integers: the race
// detector and the sums tell whether each is one goroutine's alone.
type tally struct {
	mu       sync.Mutex
	sessions []*tallySession
}

type tallySession struct {
	batches, answers int
	open             bool
	of               *tally
}

func (h *tally) Session() Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &tallySession{of: h}
	h.sessions = append(h.sessions, s)
	return s
}

func (s *tallySession) Begin() {
	if s.open {
		panic("a batch within a batch")
	}
	s.batches, s.open = s.batches+1, true
}

func (s *tallySession) Answer(query, buf []byte, from Client) []byte {
	if !s.open {
		panic("an answer outside of a batch")
	}
	s.answers++
	return digest(buf, query, from.Addr)
}

func (s *tallySession) End()   { s.open = false }
func (s *tallySession) Close() {}

// digest is short whatever the query's size.
func digest(buf, query []byte, from netip.Addr) []byte {
	h := fnv.New64a()
	h.Write(query)
	return append(binary.BigEndian.AppendUint64(buf[:0], h.Sum64()), from.AsSlice()...)
}

// openSocket makes one that nobody serves: the test takes its turns.
func openSocket(t testing.TB, network, addr string, handler Handler) *udpSocket {
	t.Helper()
	at := netip.MustParseAddrPort(addr)
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		cerr := raw.Control(func(fd uintptr) { err = socketOptions(int(fd), at.Addr(), at.Addr().IsUnspecified(), false) })
		if cerr != nil {
			return cerr
		}
		return err
	}}
	conn, err := config.ListenPacket(context.Background(), network, addr)
	if err != nil {
		t.Skip("no such address here: ", err)
	}
	u, err := newUDPSocket(conn.(*net.UDPConn), at.Addr().IsUnspecified())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close(); u.free() })
	u.session = handler.Session()
	return u
}

// takeTurn does what serve does, once and without waiting.
func (u *udpSocket) takeTurn(t testing.TB) (done bool) {
	t.Helper()
	if err := u.raw.Read(func(fd uintptr) bool { done = u.turn(fd); return true }); err != nil {
		t.Fatal(err)
	}
	return done
}

// connectTo gives a client that is connected: it sees only answers from the address that it asked.
func connectTo(t testing.TB, u *udpSocket, addr string) *net.UDPConn {
	t.Helper()
	port := u.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t testing.TB, conn *net.UDPConn, query []byte) {
	t.Helper()
	if _, err := conn.Write(query); err != nil {
		t.Fatal(err)
	}
}

func wantAnswer(t testing.TB, conn *net.UDPConn, query []byte) {
	t.Helper()
	got := make([]byte, answer.MaxMessage)
	n, err := conn.Read(got)
	if err != nil {
		t.Errorf("%v asked %v: %v", conn.LocalAddr(), conn.RemoteAddr(), err)
		return
	}
	from := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if want := digest(nil, query, from); !slices.Equal(got[:n], want) {
		t.Errorf("%v asked %v: %x, not %x", conn.LocalAddr(), conn.RemoteAddr(), got[:n], want)
	}
}

func TestSocketsShareAPort(t *testing.T) {
	t.Parallel()
	h := new(tally)
	s, err := Bind(t.Context(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Limits{Sockets: 2}, h)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { s.Serve(ctx); close(served) }()
	const clients, each = 40, 25
	var all sync.WaitGroup
	for i := range clients { // the kernel chooses the socket by the client's port
		all.Go(func() {
			conn := connectTo(t, s.bindings[0].udp[0], "127.0.0.1")
			for j := range each {
				query := []byte{byte(i), byte(j), 1, 2, 3}
				send(t, conn, query)
				wantAnswer(t, conn, query)
			}
		})
	}
	all.Wait()
	cancel()
	<-served
	sum, used := 0, 0
	for _, one := range h.sessions { // those of TCP too
		sum += one.answers
		if one.answers > 0 {
			used++
		}
	}
	if used != 2 || sum != clients*each {
		t.Errorf("%d sockets counted %d queries, not %d", used, sum, clients*each)
	}
	if d := s.Drops(); d != (Drops{}) {
		t.Errorf("lost: %+v", d)
	}
}

// Serve returns while queries pour in; idle servers end with every other test.
func TestShutdownWhileBusy(t *testing.T) {
	t.Parallel()
	s, err := Bind(t.Context(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Limits{Sockets: 2}, echo)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { s.Serve(ctx); close(served) }()
	var flood sync.WaitGroup
	stop := make(chan struct{})
	first := make(chan struct{}, 2)
	for range 2 {
		conn := connectTo(t, s.bindings[0].udp[0], "127.0.0.1")
		flood.Go(func() {
			query := make([]byte, 40)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					_, _ = conn.Write(query) // refused once the server is gone
				}
				if i == 1000 {
					first <- struct{}{}
				}
			}
		})
	}
	<-first
	cancel()
	<-served
	close(stop)
	flood.Wait()
}

// A turn ends by itself however much there is to read, or a socket under a flood would never see that it is closed.
func TestTurnsEnd(t *testing.T) {
	t.Parallel()
	h := new(tally)
	u := openSocket(t, "udp4", "127.0.0.1:0", h)
	u.receive = func(_ uintptr, msgs []mmsghdr) (int, syscall.Errno) { return len(msgs), 0 }
	if !u.takeTurn(t) || u.stuck {
		t.Error("waits for more although there is more")
	}
	if s := h.sessions[0]; s.batches != turnBatches {
		t.Errorf("%d batches in a turn", s.batches)
	}
}

func TestErrorsOfReceiving(t *testing.T) {
	t.Parallel()
	u := openSocket(t, "udp4", "127.0.0.1:0", new(tally))
	conn := connectTo(t, u, "127.0.0.1")
	fail := 3
	u.receive = func(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
		if fail > 0 {
			fail--
			return 0, unix.ECONNREFUSED
		}
		return recvmmsg(fd, msgs)
	}
	send(t, conn, []byte("query"))
	if u.takeTurn(t) {
		t.Error("errors and then nothing: not the time to wait?")
	}
	wantAnswer(t, conn, []byte("query")) // after errors of other packets
	fail = 1 << 30
	if !u.takeTurn(t) || !u.stuck {
		t.Error("does not see that nothing but errors comes")
	}
	if fail = 0; u.takeTurn(t) || u.stuck {
		t.Error("stuck after the errors ended")
	}
}

// What cannot be sent costs its own client an answer, nobody else, and is counted.
func TestErrorsOfSending(t *testing.T) {
	t.Parallel()
	type result struct {
		n     int
		errno syscall.Errno
	}
	forever := make([]result, 1000)
	for i := range forever {
		forever[i] = result{0, unix.EAGAIN}
	}
	for what, c := range map[string]struct {
		results []result // of one call after the other; then everything is sent
		sent    string
		unsent  uint64
	}{
		"all":                   {nil, "abcdef", 0},
		"in parts":              {[]result{{2, 0}, {3, 0}}, "abcdef", 0},
		"error hidden by parts": {[]result{{2, 0}, {0, unix.EPERM}}, "abdef", 1},
		"first refused":         {[]result{{0, unix.EINVAL}}, "bcdef", 1},
		"two refused":           {[]result{{0, unix.ENETUNREACH}, {0, unix.ENOBUFS}}, "cdef", 2},
		"interrupted":           {[]result{{0, unix.EINTR}}, "abcdef", 0},
		"room after a wait":     {[]result{{1, 0}, {0, unix.EAGAIN}, {2, 0}, {0, unix.EAGAIN}, {1, 0}}, "abcdef", 0},
		"refused after a wait":  {[]result{{0, unix.EAGAIN}, {0, unix.EPERM}}, "bcdef", 1},
		"no room":               {append([]result{{2, 0}}, forever...), "ab", 4},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			u := openSocket(t, "udp4", "127.0.0.1:0", new(tally))
			names, sent := []byte("abcdef"), ""
			u.send = func(_ uintptr, msgs []mmsghdr) (int, syscall.Errno) {
				r := result{len(msgs), 0}
				if len(c.results) > 0 {
					r, c.results = c.results[0], c.results[1:]
				}
				for _, m := range msgs[:r.n] {
					sent += string(*m.Name)
				}
				return r.n, r.errno
			}
			msgs := make([]mmsghdr, len(names))
			for i := range msgs {
				msgs[i].Name = &names[i]
			}
			if err := u.raw.Read(func(fd uintptr) bool { u.flush(fd, msgs); return true }); err != nil {
				t.Fatal(err)
			}
			if sent != c.sent || u.dropped() != (Drops{Answers: c.unsent}) {
				t.Errorf("sent %q, lost %+v", sent, u.dropped())
			}
		})
	}
}

// Every query is either answered or counted as lost.
func TestLostQueriesAreCounted(t *testing.T) {
	t.Parallel()
	if u := openSocket(t, "udp4", "127.0.0.1:0", echo); u.raw.Control(func(fd uintptr) {
		if _, ok := socketDrops(fd); !ok {
			t.Skip("this kernel does not tell (SO_MEMINFO)")
		}
	}) != nil {
		t.Fatal("closed")
	}
	h := new(tally)
	u := openSocket(t, "udp4", "127.0.0.1:0", h)
	if err := u.SetReadBuffer(1); err != nil { // the kernel's least, some packets
		t.Fatal(err)
	}
	conn := connectTo(t, u, "127.0.0.1")
	const sent = 300
	for range 2 {
		for range sent / 2 {
			send(t, conn, make([]byte, 100))
		}
		u.takeTurn(t)
		u.dropped()
	}
	lost := u.dropped().Queries
	if got := uint64(h.sessions[0].answers); lost == 0 || got == 0 || got+lost != sent {
		t.Errorf("%d answered and %d lost of %d", got, lost, sent)
	}
	u.Close()
	if u.dropped().Queries != lost {
		t.Error("forgotten with the socket")
	}
	d := kernelDrops{last: ^uint32(0), total: 7}
	other := openSocket(t, "udp4", "127.0.0.1:0", echo)
	if got := d.read(other.raw); got != 8 {
		t.Errorf("%d after the kernel's counter wrapped", got)
	}
}
