package listen

import (
	"context"
	"errors"
	"net/netip"
	"sync"
)

// Server has its addresses bound and answers once Serve runs.
type Server struct {
	bindings []*binding
	tcp      *tcpServer
	handler  Handler
}

// maxAddresses bounds what one proxy binds.
const maxAddresses = 64

// Bind takes all addresses, UDP and TCP, or none. Port 0 means any port that is free for both.
func Bind(ctx context.Context, addrs []netip.AddrPort, limits Limits, handler Handler) (*Server, error) {
	if len(addrs) == 0 {
		return nil, errors.New("no dns address to listen on")
	}
	if len(addrs) > maxAddresses {
		return nil, errors.New("more than 64 dns addresses to listen on")
	}
	limits = limits.withDefaults()
	s := &Server{tcp: newTCPServer(limits, handler), handler: handler}
	for _, addr := range addrs {
		b, err := bind(ctx, addr, limits)
		if err != nil {
			s.close()
			s.free()
			return nil, err
		}
		s.bindings = append(s.bindings, b)
	}
	return s, nil
}

// Addrs gives the bound addresses, with their real ports.
func (s *Server) Addrs() []netip.AddrPort {
	list := make([]netip.AddrPort, len(s.bindings))
	for i, b := range s.bindings {
		list[i] = b.addr
	}
	return list
}

func (s *Server) close() {
	for _, b := range s.bindings {
		b.close()
	}
}

// Serve answers until ctx ends; then it closes the sockets and waits for all goroutines.
func (s *Server) Serve(ctx context.Context) {
	var all sync.WaitGroup
	for _, b := range s.bindings {
		for _, u := range b.udp {
			all.Go(func() { u.serve(s.handler) })
		}
		all.Go(func() { s.tcp.accept(b.tcp) })
	}
	<-ctx.Done()
	s.close()
	s.tcp.stop()
	all.Wait()
	s.free()
}

func (s *Server) free() {
	for _, b := range s.bindings {
		b.free()
	}
}
