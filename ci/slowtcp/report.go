package main

import (
	"fmt"
	"io"
	"time"

	"zonecast/ci/measure"
)

// report prints the table for ci/RESULTS.md, and fails when a query was lost.
func (c *campaign) report(out io.Writer) error {
	fmt.Fprintf(out, "\n| | queries, lost without | p50, p99 | queries, lost beside slow connections | p50, p99 | ratio of p50, p99 |\n|---|---|---|---|---|---|\n")
	lost, reason := 0, error(nil)
	for i, l := range loads {
		without, with := &c.seen[0][i], &c.seen[1][i]
		a50, a99 := measure.Quantile(without.took, 0.5), measure.Quantile(without.took, 0.99)
		b50, b99 := measure.Quantile(with.took, 0.5), measure.Quantile(with.took, 0.99)
		fmt.Fprintf(out, "| %s | %d, %d | %v, %v | %d, %d | %v, %v | %.2f, %.2f |\n", l.name, len(without.took), without.lost, micro(a50), micro(a99),
			len(with.took), with.lost, micro(b50), micro(b99), ratio(b50, a50), ratio(b99, a99))
		for _, s := range []*seen{without, with} {
			if lost += s.lost; s.reason != nil {
				reason = fmt.Errorf("%s: %w", l.name, s.reason)
			}
		}
	}
	if lost > 0 {
		return fmt.Errorf("%d queries lost; the last: %w", lost, reason)
	}
	return nil
}

func micro(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }
