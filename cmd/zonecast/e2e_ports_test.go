package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
)

// nextPort walks below the range from which Linux gives ports to outgoing connections (32768 and up), so that none
// of those takes an address between the test's look at it and the program's. It starts anywhere.
var nextPort atomic.Uint32

func init() { nextPort.Store(uint32(10240 + rand.IntN(16384))) }

// freeAddr gives an address on loopback that is free for UDP and TCP.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", nextPort.Add(1))
		udp, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		tcp, err := net.Listen("tcp", addr)
		udp.Close()
		if err == nil {
			tcp.Close()
			return addr
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return ""
}
