package listen

// Drops are the packets of UDP that were lost on this host.
type Drops struct {
	Queries uint64 // the kernel's receive buffer had no room (Linux tells that; elsewhere it stays 0)
	Answers uint64 // the kernel did not take them
}

// Drops sums what was lost so far.
func (s *Server) Drops() (sum Drops) {
	for _, b := range s.bindings {
		for _, u := range b.udp {
			d := u.dropped()
			sum.Queries += d.Queries
			sum.Answers += d.Answers
		}
	}
	return sum
}
