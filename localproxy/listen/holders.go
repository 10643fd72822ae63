package listen

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of the search through /proc: it only makes an error message better.
const (
	maxProcesses = 20_000
	maxHolders   = 4
)

// holders names the processes that have sockets bound to a port ("dnsmasq (pid 812)"), as far as /proc tells: it
// shows the sockets of other users' processes to root alone. network is udp or tcp.
func holders(network string, port uint16) []string {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/" + network, "/proc/net/" + network + "6"} {
		socketInodes(table, network, port, inodes)
	}
	if len(inodes) == 0 {
		return nil
	}
	found := []string{}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes[:min(len(processes), maxProcesses)] {
		if len(found) == maxHolders {
			break
		}
		if holds(process, inodes) {
			comm, _ := os.ReadFile(filepath.Join(process, "comm"))
			found = append(found, fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(comm)), filepath.Base(process)))
		}
	}
	return found
}

// socketInodes reads a table of sockets (proc(5)): the local address is field 2, the state field 4, the inode field 10.
func socketInodes(table, network string, port uint16, inodes map[string]bool) {
	file, err := os.Open(table)
	if err != nil {
		return
	}
	defer file.Close()
	const listening = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) > 9 && strings.HasSuffix(f[1], suffix) && (network == "udp" || f[3] == listening) {
			inodes["socket:["+f[9]+"]"] = true
		}
	}
}

func holds(process string, inodes map[string]bool) bool {
	dir := filepath.Join(process, "fd")
	fds, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, fd := range fds {
		if target, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil && inodes[target] {
			return true
		}
	}
	return false
}
