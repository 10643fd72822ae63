package measure

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// nextPort walks below the range from which Linux gives ports to outgoing connections (32768 and up): an address
// stays free while its process is down.
var nextPort = 10240 + rand.IntN(16384)

// FreeAddr gives an address on loopback that is free for UDP and TCP. It is for one goroutine.
func FreeAddr() (string, error) {
	for range 1000 {
		nextPort++
		addr := fmt.Sprintf("127.0.0.1:%d", nextPort)
		udp, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		tcp, err := net.Listen("tcp", addr)
		udp.Close()
		if err == nil {
			tcp.Close()
			return addr, nil
		}
	}
	return "", fmt.Errorf("no port near %d is free for UDP and TCP", nextPort)
}

// Quantile gives what the share q of the durations does not exceed; they are sorted by it.
func Quantile(took []time.Duration, q float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)-1, int(q*float64(len(took))))]
}

// Peak is the largest resident memory of a process so far, in MiB; 0 if nobody can say.
func Peak(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return kib >> 10
		}
	}
	return 0
}
