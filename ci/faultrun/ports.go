//go:build linux && amd64

package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
)

// nextPort walks below the range from which Linux gives ports to outgoing connections (32768 and up): an address
// stays free while its process is down. It starts anywhere.
var nextPort = func() *atomic.Uint32 {
	var n atomic.Uint32
	n.Store(uint32(10240 + rand.IntN(16384)))
	return &n
}()

// freePort gives a port of loopback that is free for UDP and TCP.
func freePort() int {
	for {
		port := int(nextPort.Add(1))
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		udp, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		tcp, err := net.Listen("tcp", addr)
		udp.Close()
		if err == nil {
			tcp.Close()
			return port
		}
	}
}
