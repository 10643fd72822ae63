package listen

import (
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// udpSocket answers one socket's packets, by one goroutine.
type udpSocket struct {
	*net.UDPConn
	raw    syscall.RawConn
	batch  *batch
	drops  kernelDrops
	unsent atomic.Uint64 // answers that the kernel did not take

	// Only the goroutine in serve uses these.
	session Session
	stuck   bool // nothing but errors in a whole turn
	receive func(fd uintptr, msgs []mmsghdr) (int, syscall.Errno)
	send    func(fd uintptr, msgs []mmsghdr) (int, syscall.Errno)
}

// newUDPSocket takes a socket over, also when it fails. pktinfo says that it is bound to a wildcard address.
func newUDPSocket(conn *net.UDPConn, pktinfo bool) (*udpSocket, error) {
	u := &udpSocket{UDPConn: conn, receive: recvmmsg, send: sendmmsg}
	var err error
	if u.raw, err = conn.SyscallConn(); err == nil {
		u.batch, err = newBatch(pktinfo)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return u, nil
}

// free gives memory back: after serve, or instead of it.
func (u *udpSocket) free() { u.batch.free() }

// stuckPause is waited when a socket gives nothing but errors, which no kernel is known to do.
const stuckPause = 10 * time.Millisecond

// serve answers until the socket is closed.
func (u *udpSocket) serve(handler Handler) {
	u.session = handler.Session()
	defer u.session.Close()
	for u.raw.Read(u.turn) == nil { // waits while turn says that there is nothing to read
		if u.stuck {
			time.Sleep(stuckPause)
		}
		runtime.Gosched() // a flood over UDP must not keep other goroutines waiting until the runtime notices
	}
}

// turnBatches is how many batches are answered before somebody else has a turn, and before a closed socket is noticed:
// 512 packets, some 3 ms.
const turnBatches = 16

// turn answers batches, one after the other, until nothing is left (false: wait for more) or its turn is over. A
// batch is what has come while the last one was answered: a single packet at low load, which waits for no other.
func (u *udpSocket) turn(fd uintptr) (done bool) {
	failed := 0
	u.stuck = false
	for range turnBatches {
		n, errno := u.receive(fd, u.batch.in[:])
		if errno == syscall.EAGAIN {
			return false
		}
		if errno != 0 {
			failed++ // of one packet (ECONNREFUSED by ICMP, say), not of the socket
			continue
		}
		answers := u.batch.answer(u.session, n)
		u.flush(fd, u.batch.out[:answers])
		u.batch.reset(n)
	}
	u.stuck = failed == turnBatches
	return true
}

// sendPatience is how long the answers of one batch wait for room in the socket's send buffer, before they are lost:
// time for a network interface to send some hundred packets, and too short for the next queries to be lost instead.
const sendPatience = 5 * time.Millisecond

// flush sends what can be sent. What cannot is the client's loss of a packet, which it has to expect of UDP, and counted.
func (u *udpSocket) flush(fd uintptr, todo []mmsghdr) {
	waited := false
	for len(todo) > 0 {
		n, errno := u.send(fd, todo)
		if errno == syscall.EAGAIN {
			if !waited {
				_ = u.SetWriteDeadline(time.Now().Add(sendPatience))
				waited = true
			}
			n, errno = u.sendWithRoom(todo)
		}
		switch errno {
		case 0:
			todo = todo[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			u.unsent.Add(uint64(len(todo)))
			return
		default: // the first one's alone: the others are other clients'
			u.unsent.Add(1)
			todo = todo[1:]
		}
	}
}

// sendWithRoom waits for room until the write deadline; EAGAIN when there was none.
func (u *udpSocket) sendWithRoom(todo []mmsghdr) (n int, errno syscall.Errno) {
	err := u.raw.Write(func(fd uintptr) bool {
		n, errno = u.send(fd, todo)
		return errno != syscall.EAGAIN
	})
	if err != nil {
		return 0, syscall.EAGAIN
	}
	return n, errno
}

// dropped gives how many queries the kernel dropped for want of room, and how many answers were not sent.
func (u *udpSocket) dropped() Drops {
	return Drops{Queries: u.drops.read(u.raw), Answers: u.unsent.Load()}
}
