package listen

import (
	"errors"
	"net"
	"runtime"
	"sync"

	"zonecast/localproxy/answer"
)

// serveUDP answers one socket's packets until it is closed. Several goroutines read it, so that one slow answer (a
// page fault, a preemption) holds nobody up.
func serveUDP(conn *net.UDPConn, pktinfo bool, handler Handler) {
	var readers sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		readers.Go(func() { readUDP(conn, pktinfo, handler) })
	}
	readers.Wait()
}

func readUDP(conn *net.UDPConn, pktinfo bool, handler Handler) {
	var oob []byte
	if pktinfo {
		oob = make([]byte, oobSize)
	}
	query := make([]byte, answer.MaxMessage) // whatever a client sends, it is read whole
	buf := make([]byte, 0, answer.MaxMessage)
	session := handler.Session()
	defer session.Close()
	for {
		n, infoSize, _, client, err := conn.ReadMsgUDPAddrPort(query, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of one packet (ECONNREFUSED by ICMP, say), not of the socket
		}
		if client.Port() == 0 {
			continue // nowhere to answer to
		}
		session.Begin()
		response := session.Answer(query[:n], buf, Client{Addr: client.Addr().Unmap().WithZone(""), Transport: answer.UDP})
		session.End()
		if response == nil {
			continue
		}
		var info []byte
		if pktinfo {
			info = replyInfo(oob[:infoSize])
		}
		// A failed send is the client's loss of a packet, which it has to expect of UDP.
		_, _, _ = conn.WriteMsgUDPAddrPort(response, info, client)
	}
}
