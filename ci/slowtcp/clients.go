package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// patience is how long an answer is waited for.
const patience = 2 * time.Second

// load is what is asked in the same way beside each other.
type load struct {
	name    string
	clients int
	every   time.Duration // between two queries of a client
	ask     func(server string) (asker, error)
	anew    bool // a connection for each query
}

// asker sends one query and waits for its answer.
type asker interface {
	ask(query, buf []byte) error
	Close() error
}

// seen is what the clients of a load saw.
type seen struct {
	mu     sync.Mutex
	took   []time.Duration
	lost   int
	reason error
}

var loads = []load{
	{name: "UDP, 4 clients, 1,000 queries/s", clients: 4, every: 4 * time.Millisecond, ask: askUDP},
	{name: "TCP, 20 clients, 1,000 queries/s", clients: 20, every: 20 * time.Millisecond, ask: askTCP},
	{name: "TCP, a connection each, 200/s", clients: 4, every: 20 * time.Millisecond, ask: askTCP, anew: true},
}

// run asks at the load's pace for a while. A client that waits for an answer asks its next question later.
func (l load) run(ctx context.Context, server string, query []byte, into *seen) {
	var all sync.WaitGroup
	for i := range l.clients {
		all.Go(func() {
			select {
			case <-time.After(l.every * time.Duration(i) / time.Duration(l.clients)):
			case <-ctx.Done():
				return
			}
			l.client(ctx, server, query, into)
		})
	}
	all.Wait()
}

func (l load) client(ctx context.Context, server string, query []byte, into *seen) {
	query, buf := append([]byte(nil), query...), make([]byte, 64<<10)
	var conn asker
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	for id := uint16(0); ; id++ {
		select {
		case <-ctx.Done():
			if conn != nil {
				conn.Close()
			}
			return
		case <-tick.C:
		}
		binary.BigEndian.PutUint16(query, id)
		began := time.Now()
		var err error
		if conn == nil {
			conn, err = l.ask(server)
		}
		if err == nil {
			err = conn.ask(query, buf)
		}
		into.add(time.Since(began), err)
		if conn != nil && (err != nil || l.anew) {
			conn.Close()
			conn = nil
		}
	}
}

func (s *seen) add(took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.lost++
		s.reason = err
		return
	}
	s.took = append(s.took, took)
}

type udpAsker struct{ net.Conn }

func askUDP(server string) (asker, error) {
	conn, err := net.Dial("udp", server)
	return udpAsker{conn}, err
}

func (u udpAsker) ask(query, buf []byte) error {
	if err := u.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := u.Write(query); err != nil {
		return err
	}
	for {
		n, err := u.Read(buf)
		if err != nil {
			return err
		}
		if n >= 12 && buf[0] == query[0] && buf[1] == query[1] {
			return answered(buf[:n])
		}
	}
}

type tcpAsker struct{ net.Conn }

func askTCP(server string) (asker, error) {
	conn, err := net.DialTimeout("tcp", server, patience)
	return tcpAsker{conn}, err
}

func (c tcpAsker) ask(query, buf []byte) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, buf[:2]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(buf))
	if _, err := io.ReadFull(c, buf[:n]); err != nil {
		return err
	}
	if n < 12 || buf[0] != query[0] || buf[1] != query[1] {
		return fmt.Errorf("the answer of %d octets is not to the query", n)
	}
	return answered(buf[:n])
}

// answered wants NOERROR and a record.
func answered(response []byte) error {
	if rcode := response[3] & 0xf; rcode != 0 || binary.BigEndian.Uint16(response[6:]) == 0 {
		return fmt.Errorf("rcode %d, %d records", rcode, binary.BigEndian.Uint16(response[6:]))
	}
	return nil
}
