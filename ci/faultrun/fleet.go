//go:build linux && amd64

package main

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
)

// The inventory of the campaign: servers whose addresses say which server and which revision they stand for, so that
// every answer can be judged by itself. Addresses are of RFC 3849 and RFC 2544.

const (
	suffix    = "faults.example."
	poolCount = 16
)

// revision is what one event made of a server.
type revision struct {
	gone  bool
	roles []int
}

// server is one entity and all that was ever sent about it.
type server struct {
	id int

	mu    sync.Mutex
	sent  []revision // of revision i+1
	acked int        // the highest revision that was acknowledged; 0: none
}

func (s *server) name() string { return fmt.Sprintf("s%05d", s.id) }
func (s *server) fqdn() string { return s.name() + "." + suffix }

func address6(id int, rev int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0, byte(id >> 8), byte(id), 0, 0, 0, 0, byte(rev >> 24), byte(rev >> 16), byte(rev >> 8), byte(rev)})
}

// parse6 is address6 backwards.
func parse6(a netip.Addr) (id, rev int) {
	b := a.As16()
	return int(b[6])<<8 | int(b[7]), int(b[12])<<24 | int(b[13])<<16 | int(b[14])<<8 | int(b[15])
}

// address4 is shared now and then, so that reverse names and pools are united.
func address4(id, rev int) netip.Addr {
	n := id*31 + rev*4099
	return netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)})
}

// event is the line for a revision.
func (s *server) event(rev int, r revision) string {
	if r.gone {
		return fmt.Sprintf(`{"op":"delete","kind":"server","id":%q,"rev":%d}`, s.name(), rev)
	}
	roles := make([]string, len(r.roles))
	for i, n := range r.roles {
		roles[i] = fmt.Sprintf(`"pool%d"`, n)
	}
	return fmt.Sprintf(`{"op":"put","kind":"server","id":%q,"rev":%d,"attrs":{"hostname":%q,"ipv4":%q,"ipv6":%q,"roles":[%s]}}`,
		s.name(), rev, s.name(), address4(s.id, rev), address6(s.id, rev), strings.Join(roles, ","))
}

// next notes a further revision before it is sent, and gives its event.
func (s *server) next(r revision) (rev int, event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, r)
	rev = len(s.sent)
	return rev, s.event(rev, r)
}

func (s *server) acknowledge(rev int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked = max(s.acked, rev)
}

// last gives the highest acknowledged revision, 0 for none.
func (s *server) last() (rev int, r revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acked == 0 {
		return 0, revision{gone: true}
	}
	return s.acked, s.sent[s.acked-1]
}

// judgePresent says whether a server may be served as of a revision to somebody who has seen an older one.
func (s *server) judgePresent(rev, seen int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case rev < 1 || rev > len(s.sent):
		return fmt.Errorf("revision %d was never sent", rev)
	case s.sent[rev-1].gone:
		return fmt.Errorf("revision %d is a delete", rev)
	case rev < seen:
		return fmt.Errorf("revision %d after %d", rev, seen)
	}
	return nil
}

// judgeGone says since which revision a server may be gone for somebody who has seen an older one.
func (s *server) judgeGone(seen int) (rev int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seen == 0 {
		return 0, nil
	}
	for rev := seen; rev <= len(s.sent); rev++ {
		if s.sent[rev-1].gone {
			return rev, nil
		}
	}
	return seen, fmt.Errorf("no name after revision %d, and no delete was sent", seen)
}

func newFleet(n int) []*server {
	fleet := make([]*server, n)
	for i := range fleet {
		fleet[i] = &server{id: i}
	}
	return fleet
}
