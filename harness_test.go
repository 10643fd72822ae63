package zonecast

import (
	"net"
	"testing"
	"time"
)

// eventually tries for as long as a slow, shared machine may need.
func eventually(t *testing.T, what string, try func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !try() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// freeUDP gives an address on loopback that was free a moment ago.
func freeUDP(t *testing.T) string {
	t.Helper()
	for range 100 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		udp.Close()
		if err == nil {
			tcp.Close()
			return udp.LocalAddr().String()
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return ""
}
