// Command echo answers every UDP packet with itself, marked as a response, through the proxy's own sockets: what the
// kernel and Go's runtime cost for each packet before any DNS is done. The measure of the engine is its distance to this.
//
//	go run ./ci/serve/echo --listen 127.0.0.1:5399
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"

	"zonecast/localproxy/listen"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:5399", "`address` to answer on")
	sockets := flag.Int("sockets", 0, "UDP `sockets`; 0: the proxy's default")
	flag.Parse()
	if err := run(*addr, *sockets); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

// isResponse is QR, the first bit of a message's third octet (RFC 1035 4.1.1).
const isResponse = 0x80

func run(text string, sockets int) error {
	addr, err := listen.ParseAddr(text)
	if err != nil {
		return err
	}
	echo := listen.Func(func(query, buf []byte, _ listen.Client) []byte {
		if len(query) < 12 {
			return nil
		}
		response := append(buf[:0], query...)
		response[2] |= isResponse
		return response
	})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server, err := listen.Bind(ctx, []netip.AddrPort{addr}, listen.Limits{Sockets: sockets}, echo)
	if err != nil {
		return err
	}
	fmt.Println("echoing on", server.Addrs()[0])
	server.Serve(ctx)
	return nil
}
