package listen

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is one message of recvmmsg(2) and sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	size uint32 // octets received or sent
}

// recvmmsg takes the datagrams that are there, up to len(msgs), and waits for none: EAGAIN says that there is none.
//
// The calls are raw: they return within microseconds, and announced to the scheduler each of them would have its
// processor taken away by sysmon, which then never sleeps (a tenth of all CPU time in measurements).
func recvmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// sendmmsg sends the messages in order as far as it gets without waiting. What ended it before the last one shows as
// the error of the next call, if nothing could be sent by that.
func sendmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
