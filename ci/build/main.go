// Command build measures `zonecast snapshot build` beside tinydns-data: the same content in the form that each reads, in alternating rounds on
// the same cores, then one large build with its peak of memory. See ci/bench.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "./zonecast", "the program")
	records := flag.Int("records", 924_000, "records of the zone that both compile, about")
	large := flag.Int("large", 10_000_000, "records of the large build, about; 0: none")
	rounds := flag.Int("rounds", 7, "rounds of both")
	results := flag.String("results", "", "page to put the figures into (ci/RESULTS.md); empty: none")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || benchzone.HostsFor(*records) < 1 {
		log.Fatal("build: no arguments, one round or more, and a zone of four records or more")
	}
	if err := run(*bin, *records, *large, *rounds, *results); err != nil {
		log.Fatal("build: ", err)
	}
}

func run(bin string, records, large, rounds int, results string) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "zonecast-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	machine := measure.Machine()
	var table strings.Builder
	fmt.Fprintf(&table, "%s, `ci/bench build --records %d --large %d --rounds %d`, on %s.\n\n", measure.Today(), records, large, rounds, machine)
	if err := besides(&table, bin, dir, records, rounds); err != nil {
		return err
	}
	if large > 0 {
		if err := one(&table, bin, dir, large); err != nil {
			return err
		}
	}
	fmt.Print("\n", table.String())
	if results == "" {
		return nil
	}
	return measure.Record(results, "build", "Zone files compiled", table.String())
}

// took is what one run cost.
type took struct {
	wall, cpu time.Duration
	peak      int64 // octets of memory
}

// timed runs a command in dir.
func timed(dir string, command ...string) (took, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(begun)
	if err != nil {
		return took{}, fmt.Errorf("%s: %w: %s", command[0], err, out)
	}
	t := took{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		t.peak = usage.Maxrss << 10 // getrusage(2): kilobytes
	}
	return t, nil
}

// besides measures both in alternating rounds, after one that warms the page cache.
func besides(table io.Writer, bin, dir string, records, rounds int) error {
	hosts := benchzone.HostsFor(records)
	if err := write(filepath.Join(dir, "bench.zone"), func(w io.Writer) error { return benchzone.WriteZone(w, hosts) }); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "data"), func(w io.Writer) error { return benchzone.WriteData(w, hosts) }); err != nil {
		return err
	}
	names := []string{"zonecast snapshot build", "tinydns-data"}
	commands := [][]string{{bin, "snapshot", "build", "-o", "bench.snap", "bench.zone"}, {"tinydns-data"}}
	files := []string{"bench.snap", "data.cdb"}
	all := make([][]took, len(names))
	for round := range rounds + 1 {
		for i, command := range commands {
			t, err := timed(dir, command...)
			if err != nil {
				return err
			}
			if round > 0 {
				all[i] = append(all[i], t)
			}
		}
	}
	n := benchzone.Records(hosts)
	fmt.Fprintf(table, "%d records, %d rounds of both by turns: medians, and the best round.\n\n", n, rounds)
	fmt.Fprint(table, "| | wall | best | a record | CPU | peak memory | file |\n|---|---|---|---|---|---|---|\n")
	for i, name := range names {
		size, err := sizeOf(dir, files[i])
		if err != nil {
			return err
		}
		wall := median(all[i], func(t took) time.Duration { return t.wall })
		best := slices.MinFunc(all[i], func(a, b took) int { return int(a.wall - b.wall) })
		fmt.Fprintf(table, "| %s | %.2f s | %.2f s | %d ns | %.2f s | %d MB | %d MB |\n", name, wall.Seconds(), best.wall.Seconds(),
			wall.Nanoseconds()/int64(n), median(all[i], func(t took) time.Duration { return t.cpu }).Seconds(), all[i][0].peak/1e6, size/1e6)
	}
	ratio := make([]took, rounds)
	for i := range ratio {
		ratio[i].wall = time.Duration(float64(all[0][i].wall) / float64(all[1][i].wall) * 1e6)
	}
	fmt.Fprintf(table, "\nWall time of ours to tinydns-data's, median of the rounds: %.2f (the bar is 1.00).\n",
		float64(median(ratio, func(t took) time.Duration { return t.wall }))/1e6)
	return nil
}

// one measures the large build.
func one(table io.Writer, bin, dir string, records int) error {
	hosts := benchzone.HostsFor(records)
	zone := filepath.Join(dir, "large.zone")
	if err := write(zone, func(w io.Writer) error { return benchzone.WriteZone(w, hosts) }); err != nil {
		return err
	}
	t, err := timed(dir, bin, "snapshot", "build", "-o", "large.snap", zone)
	if err != nil {
		return err
	}
	size, err := sizeOf(dir, "large.snap")
	if err != nil {
		return err
	}
	fmt.Fprintf(table, "\n%d records: %.1f s wall, %.1f s CPU (the bar at ten million is 15 s); peak memory %d MB, %.2f times the file of %d MB (the bar is 2.00), %.1f octets a record.\n",
		benchzone.Records(hosts), t.wall.Seconds(), t.cpu.Seconds(), t.peak/1e6, float64(t.peak)/float64(size), size/1e6, float64(size)/float64(benchzone.Records(hosts)))
	return nil
}

func median(list []took, of func(took) time.Duration) time.Duration {
	values := make([]time.Duration, len(list))
	for i, t := range list {
		values[i] = of(t)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func sizeOf(dir, name string) (int64, error) {
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func write(path string, fill func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(fill(file), file.Close())
}
