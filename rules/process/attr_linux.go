package process

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes puts the program into a group of its own, and has the kernel end it should zonecast be killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// awaitExit waits until the program has ended and leaves it to be collected, so that its number stays its own.
func awaitExit(pid int, _ <-chan struct{}) {
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
}
