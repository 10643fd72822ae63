package localproxy

import (
	"github.com/prometheus/client_golang/prometheus"

	"zonecast/localproxy/listen"
)

var (
	tcpOpenDesc     = prometheus.NewDesc("zonecast_localproxy_tcp_connections", "TCP connections open now.", nil, nil)
	tcpAcceptedDesc = prometheus.NewDesc("zonecast_localproxy_tcp_accepted_total", "TCP connections accepted.", nil, nil)
	tcpFailuresDesc = prometheus.NewDesc("zonecast_localproxy_tcp_accept_failures_total",
		"TCP connections that the kernel did not give, for want of file descriptors above all.", nil, nil)
	tcpClosedDesc = prometheus.NewDesc("zonecast_localproxy_tcp_closed_total",
		"TCP connections closed, by reason; displaced ones made room for others when a cap was reached.", []string{"reason"}, nil)
)

// tcpCollector reads the listeners' counts. Before there are listeners all are 0.
type tcpCollector struct{ listeners func() *listen.Server }

func (c tcpCollector) Describe(to chan<- *prometheus.Desc) {
	to <- tcpOpenDesc
	to <- tcpAcceptedDesc
	to <- tcpFailuresDesc
	to <- tcpClosedDesc
}

func (c tcpCollector) Collect(to chan<- prometheus.Metric) {
	counts, open := &listen.TCPCounts{}, 0
	if s := c.listeners(); s != nil {
		counts, open = s.TCP(), s.TCPOpen()
	}
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	to <- prometheus.MustNewConstMetric(tcpOpenDesc, prometheus.GaugeValue, float64(open))
	counter(tcpAcceptedDesc, counts.Accepted.Load())
	counter(tcpFailuresDesc, counts.AcceptFailures.Load())
	for _, why := range listen.Endings() {
		counter(tcpClosedDesc, counts.Ended[why].Load(), why.String())
	}
}
