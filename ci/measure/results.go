package measure

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"zonecast/internal/durable"
)

// Machine describes this one in a line, with how busy it was.
func Machine() string {
	model, load, cpus := "", "", runtime.NumCPU()
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name")
		line, _, _ := strings.Cut(rest, "\n")
		model = strings.TrimLeft(line, " \t:")
		cpus = strings.Count(string(text), "model name") // all of them, whichever this command is pinned to
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(text)); len(f) > 0 {
			load = f[0]
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d CPUs (%s), Linux %s, %s, load %s at the start", max(1, cpus), model, strings.TrimSpace(string(kernel)), runtime.Version(), load)
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
