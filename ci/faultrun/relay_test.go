//go:build linux && amd64

package main

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo answers with what it gets.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	return l.Addr().String()
}

func TestRelayManners(t *testing.T) {
	t.Parallel()
	r, err := newRelay("127.0.0.1", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", r.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	// answers tells whether what is said comes back; wait bounds the cases in which it must not.
	answers := func(c net.Conn, wait time.Duration) bool {
		if _, err := c.Write([]byte("x")); err != nil {
			return false
		}
		_ = c.SetReadDeadline(time.Now().Add(wait))
		n, _ := c.Read(make([]byte, 1))
		return n == 1
	}
	const never, soon = 50 * time.Millisecond, 20 * time.Second
	c := dial()
	if !answers(c, soon) {
		t.Fatal("nothing passes")
	}
	r.behave(delay)
	if !answers(c, soon) {
		t.Error("delayed, nothing passes")
	}
	r.behave(stall)
	if answers(c, never) {
		t.Error("stalled, something passes")
	}
	r.behave(pass)
	_ = c.SetReadDeadline(time.Now().Add(soon))
	if n, _ := c.Read(make([]byte, 1)); n != 1 {
		t.Error("what was stalled is lost")
	}
	for _, m := range []manner{swallow, oneway} {
		r.behave(m)
		d := dial()
		if answers(d, never) {
			t.Errorf("%s, and something passes", manners[m])
		}
		r.behave(pass)
		if answers(d, never) {
			t.Errorf("%s, and the connection lives on", manners[m])
		}
		if !answers(dial(), soon) {
			t.Errorf("%s for ever", manners[m])
		}
	}
	c = dial()
	if !answers(c, soon) {
		t.Fatal("nothing passes")
	}
	r.behave(refuse)
	if answers(c, soon) || answers(dial(), soon) {
		t.Error("a closed way lets something pass")
	}
}
