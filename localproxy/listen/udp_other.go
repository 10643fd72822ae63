//go:build !linux

package listen

import (
	"errors"
	"net"
	"sync/atomic"

	"zonecast/localproxy/answer"
)

// udpSocket answers one socket's packets, by one goroutine.
type udpSocket struct {
	*net.UDPConn
	unsent atomic.Uint64
}

func newUDPSocket(conn *net.UDPConn, _ bool) (*udpSocket, error) {
	return &udpSocket{UDPConn: conn}, nil
}

func (u *udpSocket) free() {}

func (u *udpSocket) dropped() Drops { return Drops{Answers: u.unsent.Load()} }

// serve answers one by one until the socket is closed.
func (u *udpSocket) serve(handler Handler) {
	session := handler.Session()
	defer session.Close()
	query := make([]byte, answer.MaxMessage) // whatever a client sends, it is read whole
	buf := make([]byte, 0, answer.MaxMessage)
	for {
		n, client, err := u.ReadFromUDPAddrPort(query)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || client.Port() == 0 {
			continue // of one packet (ECONNREFUSED by ICMP, say), not of the socket; or nowhere to answer to
		}
		session.Begin()
		response := session.Answer(query[:n], buf, Client{Addr: client.Addr().Unmap().WithZone(""), Transport: answer.UDP})
		session.End()
		if response == nil {
			continue
		}
		if _, err := u.WriteToUDPAddrPort(response, client); err != nil {
			u.unsent.Add(1) // a loss that clients have to expect of UDP
		}
	}
}
