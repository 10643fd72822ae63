package main

import (
	"fmt"
	"slices"
	"strings"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// yardsticks are the servers that all others are compared with, a column each.
var yardsticks = []struct{ flag, column string }{
	{"knot", "to Knot"}, {"echo-plain", "to the plain echo"}, {"echo", "to the batched echo"}, {"coredns", "to CoreDNS"},
}

// bars are what zonecast's ratios are wanted to be.
var bars = map[string]float64{"knot": 1.25, "echo-plain": 0.90, "echo": 0.90, "coredns": 12}

// report is the section for the results page, in Markdown.
func (w *world) report(all []*measured, machine string) string {
	find := func(flag string) *measured {
		if i := slices.IndexFunc(all, func(m *measured) bool { return m.flag == flag }); i >= 0 {
			return all[i]
		}
		return nil
	}
	records := benchzone.Records(w.hosts)
	var b strings.Builder
	fmt.Fprintf(&b, "%s, `ci/bench serve%s`, on %s.\n%d records; ", measure.Today(), w.flags(), machine, records)
	fmt.Fprintf(&b, "%d rounds of %v at full speed, every server in turn in each, on one core; dnsperf (4 clients, %d queries outstanding) on another. "+
		"Medians, with the least and the largest; ratios are medians of each round's own.\n\n", w.rounds, w.seconds, measure.Outstanding)
	b.WriteString("| server | answers a CPU-second |")
	line := "|---|---|"
	for _, y := range yardsticks {
		if find(y.flag) != nil {
			fmt.Fprintf(&b, " %s |", y.column)
			line += "---|"
		}
	}
	fmt.Fprintf(&b, " answers a second, share of the core | p50, p99 at %d/s | resident, of it anonymous | start to first answer | file |\n%s---|---|---|---|---|\n", w.rate, line)
	for _, m := range all {
		fmt.Fprintf(&b, "| %s | %s |", m.name, spread(m.perCPU, "%.0f"))
		for _, y := range yardsticks {
			if of := find(y.flag); of != nil {
				fmt.Fprintf(&b, " %s |", spread(ratios(m.perCPU, of.perCPU), "%.2f"))
			}
		}
		fmt.Fprintf(&b, " %.0f, %.0f %% |", median(m.rate), 100*median(m.busy))
		if w.latency > 0 {
			fmt.Fprintf(&b, " %.0f µs, %.0f µs |", median(m.p50), median(m.p99))
		} else {
			b.WriteString(" |")
		}
		fmt.Fprintf(&b, " %.1f MiB, %.1f MiB | %s |", mib(m.resident), mib(m.private), spread(m.first, "%.0f")+" ms")
		if m.size > 0 {
			fmt.Fprintf(&b, " %.1f MiB, %.1f octets a record |\n", mib(m.size), float64(m.size)/float64(records))
		} else {
			b.WriteString(" |\n")
		}
	}
	sent, lost := 0, ""
	for _, m := range all {
		sent += m.sent
		if m.lost > 0 {
			lost += fmt.Sprintf(", %d by %s", m.lost, m.name)
		}
	}
	if lost == "" {
		lost = ", none"
	}
	fmt.Fprintf(&b, "\n%d answers of each server were compared with the zone first. Lost of %d queries at full speed: %s.", len(w.sample), sent, lost[2:])
	for _, reason := range w.out {
		fmt.Fprintf(&b, " Left out: %s.", reason)
	}
	b.WriteString("\n")
	if z := find("zonecast"); z != nil {
		b.WriteString("\n| zonecast | bar | measured | |\n|---|---|---|---|\n")
		for _, y := range yardsticks {
			if of := find(y.flag); of != nil {
				line := ratios(z.perCPU, of.perCPU)
				verdict(&b, "answers a CPU-second, "+y.column, median(line), bars[y.flag], fmt.Sprintf(">= %.2f", bars[y.flag]), spread(line, "%.2f"))
			}
		}
		for _, l := range w.limits(z) {
			verdict(&b, l.what, -l.got, -l.bar, fmt.Sprintf("<= "+l.format, l.bar), fmt.Sprintf(l.format, l.got))
		}
	}
	return b.String()
}

// limit is a bar that a figure must stay below.
type limit struct {
	what, format string
	got, bar     float64
}

func (w *world) limits(z *measured) []limit {
	records := float64(benchzone.Records(w.hosts))
	list := []limit{
		{"file, octets a record", "%.1f", float64(z.size) / records, 70},
		{"start to first answer, all checksums verified", "%.0f ms", median(z.first), 1000},
		{"Go heap in use after the load", "%.1f MiB", mib(z.heap), 32},
	}
	if w.built > 0 && records > 9_900_000 { // what a build needs whatever its size does not count against small ones
		list = append(list, limit{"build", "%.1f s", w.built.Seconds(), 15},
			limit{"peak memory of the build, times the file", "%.2f", float64(w.peak) / float64(z.size), 2})
	}
	return list
}

// verdict writes a row; got reaches the bar when it is no less.
func verdict(b *strings.Builder, what string, got, bar float64, barText, gotText string) {
	word := "reached"
	if got < bar {
		word = "MISSED"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", what, barText, gotText, word)
}

// flags are those that this run was asked for beyond the defaults.
func (w *world) flags() string {
	text := ""
	if w.records != 924_000 {
		text += fmt.Sprintf(" --records %d", w.records)
	}
	if w.corednsVersion != "" {
		text += " --coredns " + w.corednsVersion
	}
	return text
}

// ratios of the rounds that both have.
func ratios(a, b []float64) (list []float64) {
	for i := range min(len(a), len(b)) {
		list = append(list, a[i]/b[i])
	}
	return list
}

// spread writes the median of a list, with its least and largest value.
func spread(list []float64, format string) string {
	if len(list) == 0 {
		return ""
	}
	text := fmt.Sprintf(format, median(list))
	if len(list) == 1 {
		return text
	}
	return text + fmt.Sprintf(" ("+format+" to "+format+")", slices.Min(list), slices.Max(list))
}

func mib(octets int64) float64 { return float64(octets) / (1 << 20) }
