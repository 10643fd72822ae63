package listen

import (
	"encoding/binary"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"zonecast/localproxy/answer"
)

// Queries of many clients, to several addresses of one socket, leave in one batch, each to its client and from the
// address that was asked (RFC 2181 4.1).
func TestBatchOfManyClients(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network, bind string
		targets       []string
	}{
		{"udp4", "127.0.0.1:0", []string{"127.0.0.1"}},
		{"udp4", "0.0.0.0:0", []string{"127.0.0.1", "127.0.0.77", "127.1.2.3"}},
		{"udp6", "[::1]:0", []string{"::1"}},
		{"udp6", "[::]:0", []string{"::1"}},
	} {
		t.Run(c.bind, func(t *testing.T) {
			t.Parallel()
			h := new(tally)
			u := openSocket(t, c.network, c.bind, h)
			var clients []*net.UDPConn
			var queries [][]byte
			for i := range batchSize {
				conn := connectTo(t, u, c.targets[i%len(c.targets)])
				query := slices.Repeat([]byte{byte(i)}, 12+i*7)
				send(t, conn, query)
				clients, queries = append(clients, conn), append(queries, query)
			}
			if u.takeTurn(t) {
				t.Error("a socket that is empty wants another turn")
			}
			for i, conn := range clients {
				wantAnswer(t, conn, queries[i])
			}
			if s := h.sessions[0]; s.batches != 1 || s.answers != batchSize {
				t.Errorf("%d queries in %d batches", s.answers, s.batches)
			}
			send(t, clients[0], queries[1]) // the sizes that the kernel wrote over are right again
			u.takeTurn(t)
			wantAnswer(t, clients[0], queries[1])
		})
	}
}

// The longest datagrams there are come whole, several in one batch beside short ones.
func TestLongQueriesComeWhole(t *testing.T) {
	t.Parallel()
	const longest = 65507 // 65,535 less the headers of IPv4 and UDP
	h := new(tally)
	u := openSocket(t, "udp4", "127.0.0.1:0", h)
	_ = u.SetReadBuffer(1 << 20)
	conn := connectTo(t, u, "127.0.0.1")
	for _, sizes := range [][]int{{longest}, {20, 1500, 4097}, {30000, 12, 30001}} {
		var queries [][]byte
		for i, size := range sizes {
			query := slices.Repeat([]byte{byte(i + 1), 2, 3, 5, 7}, size/5+1)[:size]
			query[size-1] = 99
			queries = append(queries, query)
			send(t, conn, query)
		}
		u.takeTurn(t)
		for _, query := range queries {
			wantAnswer(t, conn, query)
		}
	}
}

// An answer may be longer than what a batch has room for: buffers are the session's to grow.
func TestLongAnswers(t *testing.T) {
	t.Parallel()
	u := openSocket(t, "udp4", "127.0.0.1:0", echo)
	conn := connectTo(t, u, "127.0.0.1")
	var queries [][]byte
	for i := range 20 {
		queries = append(queries, slices.Repeat([]byte{byte(i), 0, 0x80, 1}, 3+i*50))
		send(t, conn, queries[i])
	}
	u.takeTurn(t)
	for i := range queries {
		got := make([]byte, answer.MaxMessage)
		n, err := conn.Read(got)
		if err != nil || !slices.Equal(got[:n], queries[i]) {
			t.Fatalf("answer %d: %d octets, %v", i, n, err)
		}
	}
}

func TestNobodyToAnswer(t *testing.T) {
	t.Parallel()
	b, err := newBatch(false)
	if err != nil {
		t.Fatal(err)
	}
	defer b.free()
	h := new(tally)
	for i := range 3 {
		binary.NativeEndian.PutUint16(b.names[i][:], unix.AF_INET)
		binary.BigEndian.PutUint16(b.names[i][2:], uint16(i)) // the first one's port is 0
		b.in[i].size = 20
	}
	if n := b.answer(h.Session(), 3); n != 2 || h.sessions[0].answers != 2 || b.out[0].Name != &b.names[1][0] {
		t.Errorf("%d answers of %d", n, h.sessions[0].answers)
	}
	silent := Func(func(_, _ []byte, _ Client) []byte { return nil })
	if n := b.answer(silent, 3); n != 0 {
		t.Errorf("%d answers where none was given", n)
	}
}

// Through real sockets: 32 queries taken, answered and sent.
func TestBatchesAllocateNothing(t *testing.T) {
	for _, bind := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		u := openSocket(t, "udp4", bind, echo)
		conn := connectTo(t, u, "127.0.0.1")
		query, reply := make([]byte, 40), make([]byte, 512)
		turn := func(fd uintptr) bool { u.turn(fd); return true }
		if n := testing.AllocsPerRun(50, func() {
			for range batchSize {
				_, _ = conn.Write(query)
			}
			if err := u.raw.Read(turn); err != nil {
				t.Fatal(err)
			}
			for range batchSize {
				if _, err := conn.Read(reply); err != nil {
					t.Fatal(err)
				}
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for %d queries", bind, n, batchSize)
		}
	}
}

// BenchmarkBatch answers batches from real sockets; the client's sending and reading counts too.
func BenchmarkBatch(b *testing.B) {
	u := openSocket(b, "udp4", "127.0.0.1:0", echo)
	conn := connectTo(b, u, "127.0.0.1")
	query, reply := make([]byte, 40), make([]byte, 512)
	turn := func(fd uintptr) bool { u.turn(fd); return true }
	b.ReportAllocs()
	for b.Loop() {
		for range batchSize {
			send(b, conn, query)
		}
		if err := u.raw.Read(turn); err != nil {
			b.Fatal(err)
		}
		for range batchSize {
			if _, err := conn.Read(reply); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchSize), "ns/query")
}
