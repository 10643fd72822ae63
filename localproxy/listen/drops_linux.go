package listen

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelDrops counts the packets that a socket's receive buffer had no room for. The kernel counts them in 32 bits
// that wrap; asked for them when the metrics are read, it costs queries nothing.
type kernelDrops struct {
	mu    sync.Mutex
	last  uint32
	total uint64
}

func (d *kernelDrops) read(raw syscall.RawConn) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = raw.Control(func(fd uintptr) { // fails once the socket is closed: then it is what it was
		if now, ok := socketDrops(fd); ok {
			d.total += uint64(now - d.last)
			d.last = now
		}
	})
	return d.total
}

// memInfo is what SO_MEMINFO gives (Linux 4.12): enum sk_meminfo_vars of linux/sock_diag.h.
type memInfo struct {
	_     [8]uint32
	drops uint32
}

func socketDrops(fd uintptr) (uint32, bool) {
	var info memInfo
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	return info.drops, errno == 0 && size == uint32(unsafe.Sizeof(info))
}
