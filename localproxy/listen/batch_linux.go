package listen

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"zonecast/localproxy/answer"
)

// batchSize is the most packets one system call takes or sends.
const batchSize = 32

// querySlot is the distance between the buffers of two queries: room for the longest one, and some cache lines more,
// so that the beginnings of all queries do not compete for the same lines of the cache.
const querySlot = answer.MaxMessage + 1 + 5*64

// answerSlot is room for one answer over UDP.
const answerSlot = answer.MaxUDP

// batch is the memory of one socket's goroutine: up to batchSize queries and their answers, allocated once.
type batch struct {
	in, out  [batchSize]mmsghdr
	queryAt  [batchSize]unix.Iovec
	answerAt [batchSize]unix.Iovec
	names    [batchSize][unix.SizeofSockaddrInet6]byte
	infos    [batchSize][oobSize]byte
	pktinfo  bool

	// queries is memory outside Go's heap, batchSize slots: the kernel gives a page when it is written to first, and of
	// most slots that is one page for ever. What a client sends is read whole all the same.
	queries []byte
	answers [batchSize * answerSlot]byte

	ahead [batchSize][]byte // the queries, for a Foresighted session
}

func newBatch(pktinfo bool) (*batch, error) {
	queries, err := unix.Mmap(-1, 0, batchSize*querySlot, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("memory for %d queries: %w", batchSize, err)
	}
	b := &batch{pktinfo: pktinfo, queries: queries}
	for i := range b.in {
		b.queryAt[i].Base = &queries[i*querySlot]
		b.queryAt[i].SetLen(answer.MaxMessage)
		b.in[i].Iov, b.out[i].Iov = &b.queryAt[i], &b.answerAt[i]
		b.in[i].SetIovlen(1)
		b.out[i].SetIovlen(1)
		b.in[i].Name = &b.names[i][0]
		if pktinfo {
			b.in[i].Control = &b.infos[i][0]
		}
	}
	b.reset(batchSize)
	return b, nil
}

func (b *batch) free() { _ = unix.Munmap(b.queries) }

// reset makes the first n messages ready to be received into: the kernel wrote over the sizes.
func (b *batch) reset(n int) {
	for i := range b.in[:n] {
		b.in[i].Namelen = unix.SizeofSockaddrInet6
		if b.pktinfo {
			b.in[i].SetControllen(oobSize)
		}
	}
}

// answer has a session answer the first n messages, and gives how many answers there are to send.
func (b *batch) answer(session Session, n int) (answers int) {
	free := b.answers[:]
	session.Begin()
	if f, ok := session.(Foresighted); ok && n > 1 {
		for i := range b.in[:n] {
			b.ahead[i] = b.queries[i*querySlot:][:b.in[i].size]
		}
		f.Ahead(b.ahead[:n])
	}
	for i := range b.in[:n] {
		in := &b.in[i]
		addr, port := sender(&b.names[i])
		if port == 0 {
			continue // nowhere to answer to
		}
		query := b.queries[i*querySlot:][:in.size]
		response := session.Answer(query, free[:0:answerSlot], Client{Addr: addr, Transport: answer.UDP})
		if len(response) == 0 {
			continue
		}
		free = free[min(len(response), answerSlot):]
		out := &b.out[answers]
		b.answerAt[answers].Base = &response[0]
		b.answerAt[answers].SetLen(len(response))
		out.Name, out.Namelen = in.Name, in.Namelen
		if b.pktinfo {
			b.inform(&out.Msghdr, b.infos[i][:in.Controllen])
		}
		answers++
	}
	session.End()
	return answers
}

// inform says where an answer leaves from.
func (b *batch) inform(out *unix.Msghdr, info []byte) {
	if info = replyInfo(info); info == nil {
		out.Control = nil
		out.SetControllen(0)
		return
	}
	out.Control = &info[0]
	out.SetControllen(len(info))
}

// sender reads a sockaddr: family, port, then four octets, or a flow label and 16 octets.
func sender(name *[unix.SizeofSockaddrInet6]byte) (netip.Addr, uint16) {
	port := binary.BigEndian.Uint16(name[2:])
	if binary.NativeEndian.Uint16(name[:]) == unix.AF_INET {
		return netip.AddrFrom4([4]byte(name[4:])), port
	}
	return netip.AddrFrom16([16]byte(name[8:])).Unmap(), port
}
