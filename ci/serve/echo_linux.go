package main

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The echoes bound what any server can reach: each sends a datagram back with nothing changed but QR, for dnsperf counts
// nothing else as an answer. Their system calls block the thread and bypass the scheduler, so there is nothing of Go in
// them but the compiled loop.

const (
	echoBatch  = 64
	echoBuffer = 512
)

// mmsghdr is the kernel's: a message's header, and the octets received or sent.
type mmsghdr struct {
	header unix.Msghdr
	octets uint32
}

// echo serves until the process is killed: a batch for a pair of system calls, or one datagram.
func echo(addr string, batched bool) error {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return fmt.Errorf("echo: bind %s: %w", addr, err)
	}
	if batched {
		return echoBatches(fd)
	}
	return echoSingly(fd)
}

func echoBatches(fd int) error {
	var (
		messages [echoBatch]mmsghdr
		vectors  [echoBatch]unix.Iovec
		from     [echoBatch]unix.RawSockaddrInet4
		buffers  [echoBatch][echoBuffer]byte
	)
	for i := range messages {
		vectors[i].Base = &buffers[i][0]
		messages[i].header.Name = (*byte)(unsafe.Pointer(&from[i]))
		messages[i].header.Iov = &vectors[i]
		messages[i].header.SetIovlen(1)
	}
	for {
		for i := range messages {
			vectors[i].SetLen(echoBuffer)
			messages[i].header.Namelen = unix.SizeofSockaddrInet4
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&messages[0])), echoBatch, unix.MSG_WAITFORONE, 0, 0)
		if errno != 0 {
			if errno == unix.EINTR {
				continue
			}
			return fmt.Errorf("recvmmsg: %w", errno)
		}
		for i := range n {
			vectors[i].SetLen(int(messages[i].octets))
			buffers[i][2] |= qr
		}
		for sent := uintptr(0); sent < n; {
			m, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&messages[sent])), n-sent, 0, 0, 0)
			if errno != 0 {
				m = 1 // its client has gone
			}
			sent += m
		}
	}
}

func echoSingly(fd int) error {
	var (
		buffer [echoBuffer]byte
		from   unix.RawSockaddrInet4
	)
	for {
		size := uint32(unix.SizeofSockaddrInet4)
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buffer)), echoBuffer, 0,
			uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)))
		if errno != 0 {
			if errno == unix.EINTR {
				continue
			}
			return fmt.Errorf("recvfrom: %w", errno)
		}
		buffer[2] |= qr
		// Whether it arrives is the client's to notice.
		_, _, _ = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&buffer)), n, 0, uintptr(unsafe.Pointer(&from)), uintptr(size))
	}
}
