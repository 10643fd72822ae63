package nameserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// Client asks one server, one query at a time.
type Client struct {
	addr string
	udp  net.Conn
	buf  []byte
}

// Dial makes a client. Close it.
func (s *Server) Dial() (*Client, error) {
	udp, err := net.Dial("udp", s.Addr)
	if err != nil {
		return nil, err
	}
	return &Client{addr: s.Addr, udp: udp, buf: make([]byte, 1<<16)}, nil
}

// Close ends it.
func (c *Client) Close() { c.udp.Close() }

// ErrSilent says that no answer came in time, or that the connection was closed instead.
var ErrSilent = errors.New("no answer")

// UDP sends a packet and gives the answer with the same ID; its memory is the caller's.
func (c *Client) UDP(query []byte, wait time.Duration) ([]byte, error) {
	if _, err := c.udp.Write(query); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSilent, err)
	}
	if err := c.udp.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	for {
		n, err := c.udp.Read(c.buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, ErrSilent
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSilent, err)
		}
		if n >= 2 && len(query) >= 2 && c.buf[0] == query[0] && c.buf[1] == query[1] {
			return append([]byte(nil), c.buf[:n]...), nil
		}
	}
}

// TCP sends a packet over a connection of its own and gives the answer.
func (c *Client) TCP(query []byte, wait time.Duration) ([]byte, error) {
	answers, err := c.Pipeline([][]byte{query}, wait)
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// Pipeline sends packets at once over one connection and gives as many answers, in the order they came.
func (c *Client) Pipeline(queries [][]byte, wait time.Duration) ([][]byte, error) {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	var out []byte
	for _, q := range queries {
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(q))), q...) //nolint:gosec // a message is at most 65,535 octets
	}
	if _, err := conn.Write(out); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSilent, err)
	}
	var answers [][]byte
	for range queries {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return answers, fmt.Errorf("%w: %w", ErrSilent, err)
		}
		answer := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, answer); err != nil {
			return answers, fmt.Errorf("%w: %w", ErrSilent, err)
		}
		answers = append(answers, answer)
	}
	return answers, nil
}
