package zktest

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// Operation codes, for Proxy.Do, and transaction ids of ZooKeeper's protocol.
const (
	OpMulti      = 14
	OpSetWatches = 101
	opCloseBits  = 0xfffffff5 // -11
	xidNews      = -1         // a watch's event
)

// Proxy stands between a store and a server, and knows the protocol's frames.
type Proxy struct {
	Addr   string
	target string

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	hellos [][]byte // the servers' first frames: session ids and passwords
	frozen chan struct{}

	// What to do with the next request of this code: "drop" closes the connection instead of forwarding it, "cut"
	// forwards it and closes the connection when the answer comes, "swallow" loses it alone, and "freeze" keeps it, and
	// all that comes after it on any connection, until thaw.
	next  int32
	act   string
	acted chan struct{}

	dropNews bool
}

// NewProxy listens on loopback, until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, conns: make(map[net.Conn]struct{})}
	t.Cleanup(func() { l.Close(); p.Cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.conns[client], p.conns[server] = struct{}{}, struct{}{}
	p.mu.Unlock()
	stop := func() { client.Close(); server.Close() }
	cutNext := make(chan struct{}, 1)
	go func() {
		defer stop()
		for first := true; ; first = false {
			frame, err := readFrame(client)
			if err != nil {
				return
			}
			p.wait()
			act := ""
			if !first && len(frame) >= 8 {
				act = p.action(int32(binary.BigEndian.Uint32(frame[4:])))
			}
			switch act {
			case "drop":
				return
			case "cut":
				cutNext <- struct{}{}
			case "swallow":
				continue
			case "freeze":
				p.wait()
			}
			if writeFrame(server, frame) != nil {
				return
			}
		}
	}()
	defer stop()
	for first := true; ; first = false {
		frame, err := readFrame(server)
		if err != nil {
			return
		}
		p.wait()
		news := !first && len(frame) >= 4 && int32(binary.BigEndian.Uint32(frame)) == xidNews
		p.mu.Lock()
		if first && len(frame) >= 16 && binary.BigEndian.Uint64(frame[8:]) != 0 { // 0: refused, the session has expired
			p.hellos = append(p.hellos, frame)
		}
		drop := news && p.dropNews
		p.mu.Unlock()
		select {
		case <-cutNext:
			return
		default:
		}
		if !drop && writeFrame(client, frame) != nil {
			return
		}
	}
}

// Do arranges what happens to the next request of a code, and gives a channel that closes when it did.
func (p *Proxy) Do(act string, code int32) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.act, p.acted = code, act, make(chan struct{})
	return p.acted
}

func (p *Proxy) action(code int32) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.act == "" || code != p.next {
		return ""
	}
	act := p.act
	p.act = ""
	if act == "freeze" {
		p.frozen = make(chan struct{})
	}
	close(p.acted)
	return act
}

// LoseNews swallows watch events from now on.
func (p *Proxy) LoseNews() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropNews = true
}

// Cut closes all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

// Freeze leaves the connections open and forwards nothing, until Thaw.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
	}
}

// Thaw ends Freeze.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

func (p *Proxy) wait() {
	p.mu.Lock()
	frozen := p.frozen
	p.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// Expire ends all sessions that came through here on the server, as its own clock would: it joins each from another
// connection, with the password from the handshake, and closes it.
func (p *Proxy) Expire(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	hellos := p.hellos
	p.hellos = nil
	p.mu.Unlock()
	for _, hello := range hellos {
		if len(hello) < 36 {
			t.Fatalf("a server's first frame of %d octets", len(hello))
		}
		for gone, tries := false, 0; !gone; tries++ { // the server may drop a connection that takes a session over
			if tries == 50 {
				t.Fatal("a session does not end")
			}
			var err error
			if gone, err = p.endSession(hello); err != nil {
				t.Log(err)
			}
		}
	}
}

// endSession tries once; it tells that the server knows the session no more.
func (p *Proxy) endSession(hello []byte) (gone bool, err error) {
	c, err := net.Dial("tcp", p.target)
	if err != nil {
		return false, err
	}
	defer c.Close()
	join := make([]byte, 0, 44)
	join = binary.BigEndian.AppendUint32(join, 0) // protocol version
	join = binary.BigEndian.AppendUint64(join, 0) // last zxid seen
	join = append(join, hello[4:36]...)           // time-out, session id, password
	if err := writeFrame(c, join); err != nil {
		return false, err
	}
	answer, err := readFrame(c)
	if err != nil {
		return false, err
	}
	if len(answer) >= 16 && binary.BigEndian.Uint64(answer[8:]) == 0 {
		return true, nil
	}
	if err := writeFrame(c, binary.BigEndian.AppendUint32([]byte{0, 0, 0, 1}, opCloseBits)); err != nil {
		return false, err
	}
	_, err = readFrame(c)
	return false, err
}

func readFrame(c net.Conn) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(c, frame)
	return frame, err
}

func writeFrame(c net.Conn, frame []byte) error {
	_, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
	return err
}
