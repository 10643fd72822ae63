package localproxy

import (
	"sync/atomic"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"zonecast/localproxy/answer"
)

// Query types and rcodes that have labels of their own; whatever else clients send is counted as "other" (P9).
var (
	countedTypes = [...]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeANY, dns.TypeCAA, dns.TypeCNAME, dns.TypeDS, dns.TypeHTTPS, dns.TypeMX,
		dns.TypeNAPTR, dns.TypeNS, dns.TypePTR, dns.TypeSOA, dns.TypeSRV, dns.TypeSSHFP, dns.TypeSVCB, dns.TypeTLSA, dns.TypeTXT}
	countedRcodes = [...]uint16{dns.RcodeSuccess, dns.RcodeFormatError, dns.RcodeServerFailure, dns.RcodeNameError,
		dns.RcodeNotImplemented, dns.RcodeRefused, dns.RcodeYXDomain, dns.RcodeBadVers}
)

var transports = [...]string{answer.UDP: "udp", answer.TCP: "tcp"}

// countedBelow is above the largest of countedTypes, and of countedRcodes.
const countedBelow = 260

// columns and rows give a type's and an rcode's place in counts: 1 + its index in the lists above, 0 for other.
var columns, rows = places(countedTypes[:]), places(countedRcodes[:])

func places(of []uint16) (place [countedBelow]uint8) {
	for i, v := range of {
		place[v] = uint8(i + 1) //nolint:gosec // short lists
	}
	return place
}

// What becomes of limited responses, as indices of counts.limited.
const (
	limitedDropped = iota
	limitedSlipped
)

var limitedLabels = [...]string{limitedDropped: "dropped", limitedSlipped: "truncated"}

func placeOf(v uint16, places *[countedBelow]uint8) uint8 {
	if int(v) < len(places) {
		return places[v]
	}
	return 0
}

// counts are one session's: exact, and one addition a query.
type counts struct {
	queries [len(transports)][1 + len(countedTypes)][1 + len(countedRcodes)]atomic.Uint64
	dropped atomic.Uint64 // packets without an answer

	prohibited atomic.Uint64                     // queries of clients that may not ask
	limited    [len(limitedLabels)]atomic.Uint64 // responses over UDP that a client network had enough of
}

func (c *counts) answered(transport answer.Transport, o answer.Outcome) {
	c.queries[transport][placeOf(uint16(o.Type), &columns)][placeOf(o.Rcode, &rows)].Add(1)
}

var (
	queriesDesc = prometheus.NewDesc("zonecast_localproxy_queries_total", "Queries answered, by transport, type and rcode.",
		[]string{"transport", "type", "rcode"}, nil)
	droppedDesc    = prometheus.NewDesc("zonecast_localproxy_dropped_packets_total", "Packets that are no queries and got no answer.", nil, nil)
	prohibitedDesc = prometheus.NewDesc("zonecast_localproxy_prohibited_total", "Queries refused because their client may not ask; also counted as answered, unless a rate limit drops the answer.", nil, nil)
	limitedDesc    = prometheus.NewDesc("zonecast_localproxy_rate_limited_total", "Responses over UDP beyond the rate limits, by what became of them; truncated ones are also counted as answered.",
		[]string{"result"}, nil)
)

// Describe is prometheus.Collector's.
func (s *sessions) Describe(to chan<- *prometheus.Desc) {
	to <- queriesDesc
	to <- droppedDesc
	to <- prohibitedDesc
	to <- limitedDesc
}

// Collect sums what all sessions counted.
func (s *sessions) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	all := s.all
	s.mu.Unlock()
	sum := func(of func(*counts) *atomic.Uint64) float64 {
		n := uint64(0)
		for _, one := range all {
			n += of(&one.counts).Load()
		}
		return float64(n)
	}
	for t, transport := range transports {
		for column := range 1 + len(countedTypes) {
			for row := range 1 + len(countedRcodes) {
				n := sum(func(c *counts) *atomic.Uint64 { return &c.queries[t][column][row] })
				to <- prometheus.MustNewConstMetric(queriesDesc, prometheus.CounterValue, n, transport, typeLabel(column), rcodeLabel(row))
			}
		}
	}
	dropped := sum(func(c *counts) *atomic.Uint64 { return &c.dropped })
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, dropped)
	prohibited := sum(func(c *counts) *atomic.Uint64 { return &c.prohibited })
	to <- prometheus.MustNewConstMetric(prohibitedDesc, prometheus.CounterValue, prohibited)
	for i, label := range limitedLabels {
		n := sum(func(c *counts) *atomic.Uint64 { return &c.limited[i] })
		to <- prometheus.MustNewConstMetric(limitedDesc, prometheus.CounterValue, n, label)
	}
}

func typeLabel(column int) string {
	if column == 0 {
		return "other"
	}
	return dns.TypeToString[countedTypes[column-1]]
}

func rcodeLabel(row int) string {
	switch {
	case row == 0:
		return "other"
	case countedRcodes[row-1] == dns.RcodeBadVers:
		return "BADVERS" // the table has BADSIG, which shares the number
	}
	return dns.RcodeToString[int(countedRcodes[row-1])]
}
