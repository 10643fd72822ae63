package measure

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"zonecast/internal/durable"
)

// quiet is the share of the CPUs that other work may take before figures are called noisy.
const quiet = 0.1

// Machine describes this one in a line, with how busy other work keeps it: it looks for a second.
func Machine() string {
	model, cpus := "", runtime.NumCPU()
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name")
		line, _, _ := strings.Cut(rest, "\n")
		model = strings.TrimLeft(line, " \t:")
		cpus = max(1, strings.Count(string(text), "model name")) // all of them, whichever this command is pinned to
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	busy, total := ticks()
	time.Sleep(time.Second)
	busyThen, totalThen := ticks()
	share := float64(busyThen-busy) / float64(max(1, totalThen-total))
	others := "nothing else running"
	if share > quiet {
		others = fmt.Sprintf("**noisy**: other work took %.0f %% of the CPUs just before", 100*share)
	}
	return fmt.Sprintf("%d CPUs (%s), Linux %s, %s, %s", cpus, model, strings.TrimSpace(string(kernel)), runtime.Version(), others)
}

// ticks gives what all CPUs together have spent on work, and in all, since the start of the machine.
func ticks() (busy, total int64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || i > 8 {
			continue // the name, and guests' time, which counts twice
		}
		total += n
		if i != 4 && i != 5 { // idle, and waiting for a disk
			busy += n
		}
	}
	return busy, total
}

// Record puts text between the two comments that name a section of a results page: "<!-- serve -->" and
// "<!-- /serve -->". A page without them gets the section at its end, under a heading.
func Record(path, section, heading, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, []byte(place(string(page), section, heading, text)), 0o644)
}

func place(page, section, heading, text string) string {
	open, end := "<!-- "+section+" -->\n", "<!-- /"+section+" -->"
	text = open + "\n" + strings.TrimSpace(text) + "\n\n" + end
	before, rest, found := strings.Cut(page, open)
	if found {
		if _, after, closed := strings.Cut(rest, end); closed {
			return before + text + after
		}
	}
	return strings.TrimRight(page, "\n") + "\n\n## " + heading + "\n\n" + text + "\n"
}

// Today is the day of a measurement.
func Today() string { return time.Now().Format(time.DateOnly) }
