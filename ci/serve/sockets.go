package main

import (
	"context"
	"errors"
	"net/netip"

	"zonecast/localproxy/listen"
)

// echoSockets is the echo over zonecast's own sockets: what remains of zonecast's cost is the engine's.
func echoSockets(addr string) error {
	at, err := listen.ParseAddr(addr)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := listen.Bind(ctx, []netip.AddrPort{at}, listen.Limits{}, listen.Func(echoed))
	if err != nil {
		return err
	}
	s.Serve(ctx)
	return errors.New("the echo ended")
}

// qr in the third octet of a message says that it is an answer.
const qr = 0x80

func echoed(query, buf []byte, _ listen.Client) []byte {
	if len(query) < 12 {
		return nil
	}
	answer := append(buf[:0], query...)
	answer[2] |= qr
	return answer
}
