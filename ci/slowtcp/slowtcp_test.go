package main

import (
	"context"
	"io"
	"net/netip"
	"testing"
	"time"

	"zonecast/localproxy/listen"
)

// TestSlowConnectionsCostNobodyAQuery is the campaign in short, on listeners alone: twice as many connections
// as the cap allows trickle octets and never read, and no query of anybody else is lost.
func TestSlowConnectionsCostNobodyAQuery(t *testing.T) {
	t.Parallel()
	reply := listen.Func(func(query, buf []byte, _ listen.Client) []byte {
		if len(query) < 12 {
			return nil
		}
		response := append(buf[:0], query...)
		response[2], response[7] = response[2]|0x80, 1 // a response; the count of records is all that is looked at
		return response
	})
	s, err := listen.Bind(t.Context(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, listen.Limits{Connections: 100}, reply)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { s.Serve(ctx); close(served) }()
	defer func() { cancel(); <-served }()

	c := newCampaign(s.Addrs()[0].String())
	if err := c.phase(t.Context(), time.Second, 200, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := c.report(io.Discard); err != nil {
		t.Error(err)
	}
	for i, l := range loads {
		if len(c.seen[1][i].took) == 0 {
			t.Errorf("%s: nothing asked", l.name)
		}
	}
	if s.TCP().Ended[listen.Displaced].Load() == 0 {
		t.Error("nobody was displaced: the cap was not reached")
	}
	if open := s.TCPOpen(); open > 100 {
		t.Errorf("%d connections, at most 100", open)
	}
}
