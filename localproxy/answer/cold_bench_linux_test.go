package answer

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"zonecast/ci/benchzone"
	"zonecast/internal/snapshot"
)

// What BenchmarkMix is run with: a snapshot of the bench zone (`go run ./ci/makezone --zone F`, `zonecast snapshot build`), or how
// many records of it to make one of.
const (
	benchFile    = "ZONECAST_BENCH_SNAPSHOT"
	benchRecords = "ZONECAST_BENCH_RECORDS"
)

// benchView opens or makes the snapshot, and tells how many hosts it has.
func benchView(b *testing.B) (*snapshot.View, int) {
	path := os.Getenv(benchFile)
	if path == "" {
		records := 10_000
		if text := os.Getenv(benchRecords); text != "" {
			var err error
			if records, err = strconv.Atoi(text); err != nil {
				b.Fatal(err)
			}
		}
		path = buildBenchZone(b, records)
	}
	s, err := snapshot.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	const own = 5 // the zone's SOA, NS and their addresses
	return snapshot.NewView(s), benchzone.HostsFor(int(s.Stat().Records) - own)
}

func buildBenchZone(b *testing.B, records int) string {
	text := filepath.Join(b.TempDir(), "bench.zone")
	file, err := os.Create(text)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(file)
	if err := benchzone.WriteZone(out, benchzone.HostsFor(records)); err != nil {
		b.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	file.Close()
	if _, problems, err := (snapshot.ZoneFiles{Paths: []string{text}}).Compile(text+".snap", nil); err != nil || len(problems) > 0 {
		b.Fatal(problems, err)
	}
	return text + ".snap"
}

// packets are queries, one after the other in memory: a socket's are in a cache when they are read, and reading them must
// not be what is measured.
func packets(b *testing.B, list []benchzone.Question) [][]byte {
	all := make([][]byte, len(list))
	var slab []byte
	for i, q := range list {
		packed, err := new(dns.Msg).SetQuestion(q.Name, dns.StringToType[q.Type]).SetEdns0(1232, false).Pack()
		if err != nil {
			b.Fatal(err)
		}
		if len(packed) > cap(slab)-len(slab) {
			slab = make([]byte, 0, 1<<20)
		}
		slab = append(slab, packed...)
		all[i] = slab[len(slab)-len(packed) : len(slab) : len(slab)]
	}
	return all
}

// BenchmarkMix answers the bench zone's mix of questions for random names: a million of them, so that of a large zone
// nothing is in a cache when it is asked for.
func BenchmarkMix(b *testing.B) {
	view, hosts := benchView(b)
	queries := packets(b, benchzone.Questions(hosts, 1<<20, 7))
	buf := make([]byte, 0, MaxUDP)
	engine := NewEngine(Config{NSID: "host1.example"})
	for _, c := range []struct {
		name         string
		names, batch int
	}{{"cold", len(queries), 1}, {"cold by 8", len(queries), 8}, {"cold by 32", len(queries), 32}, {"warm", 256, 1}, {"warm by 32", 256, 32}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			begun := threadTime(b)
			for i := 0; b.Loop(); i++ {
				at := i % c.names
				if c.batch > 1 && at%c.batch == 0 {
					engine.Ahead(view, queries[at:at+c.batch])
				}
				engine.Answer(view, facts, queries[at], buf, UDP)
			}
			b.ReportMetric(float64(threadTime(b)-begun)/float64(b.N), "cpu-ns/op")
		})
	}
}

// threadTime is what the processor has spent on this goroutine, which keeps to one thread from the first call on: on a
// busy machine the clock on the wall counts others' work too.
func threadTime(b *testing.B) time.Duration {
	runtime.LockOSThread()
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent); err != nil {
		b.Fatal(err)
	}
	return time.Duration(spent.Nano())
}
