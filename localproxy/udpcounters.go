package localproxy

import (
	"github.com/prometheus/client_golang/prometheus"

	"zonecast/localproxy/listen"
)

var udpDropsDesc = prometheus.NewDesc("zonecast_localproxy_udp_drops_total",
	"UDP packets lost on this host: queries that found the socket's receive buffer full, answers that the kernel did not take.",
	[]string{"what"}, nil)

// udpCollector asks the listeners, and they the kernel, when the metrics are read. Before there are listeners all are 0.
type udpCollector struct{ listeners func() *listen.Server }

func (c udpCollector) Describe(to chan<- *prometheus.Desc) { to <- udpDropsDesc }

func (c udpCollector) Collect(to chan<- prometheus.Metric) {
	var lost listen.Drops
	if s := c.listeners(); s != nil {
		lost = s.Drops()
	}
	to <- prometheus.MustNewConstMetric(udpDropsDesc, prometheus.CounterValue, float64(lost.Queries), "queries")
	to <- prometheus.MustNewConstMetric(udpDropsDesc, prometheus.CounterValue, float64(lost.Answers), "answers")
}
