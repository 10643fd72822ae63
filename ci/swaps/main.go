// Command swaps publishes releases, deltas and new bases mixed, to a real proxy that dnsperf asks at full speed the whole time. A
// client beside it holds every answer against what may be served at that moment. It fails when a query is lost, an
// answer is wrong, or memory grows with the releases.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// options are the flags.
type options struct {
	bin, results           string
	serverCore, clientCore string
	records, swaps         int
	baseEvery, watchers    int
	calm                   time.Duration
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.bin, "bin", "./zonecast", "the program")
	flag.IntVar(&o.records, "records", 300_000, "records of the zone, about")
	flag.IntVar(&o.swaps, "swaps", 200, "releases")
	flag.IntVar(&o.baseEvery, "base-every", 5, "every so many of them is a new base")
	flag.IntVar(&o.watchers, "watchers", 2, "clients that hold every answer against what may be served")
	flag.DurationVar(&o.calm, "calm", 5*time.Second, "full load before the first release, for comparison")
	flag.StringVar(&o.serverCore, "server-core", "0", "core of the proxy")
	flag.StringVar(&o.clientCore, "client-core", "1", "core of dnsperf")
	flag.StringVar(&o.results, "results", "", "page to put the figures into (ci/RESULTS.md); empty: none")
	flag.Parse()
	if flag.NArg() > 0 || o.swaps < 1 || o.swaps > maxNumber || o.baseEvery < 1 || o.watchers < 1 || benchzone.HostsFor(o.records) <= changing {
		log.Fatalf("swaps: no arguments, 1 to %d swaps, and a zone of more than %d hosts", maxNumber, changing)
	}
	runtime.GOMAXPROCS(threads)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal("swaps: ", err)
	}
}

// threads lets the kernel share one core between the publisher and the watchers: Go alone would let a base in the making
// keep a watcher waiting for ten milliseconds at a time.
const threads = 8

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "zonecast-swaps-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	machine := measure.Machine()
	hosts := benchzone.HostsFor(o.records)
	zone, queries := filepath.Join(dir, "bench.zone"), filepath.Join(dir, "queries.txt")
	if err := writeFile(zone, func(f *os.File) error { return benchzone.WriteZone(f, hosts) }); err != nil {
		return err
	}
	if err := writeFile(queries, func(f *os.File) error {
		return benchzone.WriteQuestions(f, benchzone.Questions(hosts, 200_000, 1))
	}); err != nil {
		return err
	}
	p, err := startPublisher(dir, zone, plan{o.baseEvery})
	if err != nil {
		return err
	}
	s := &swapping{options: o, dir: dir, publisher: p, queries: queries}
	s.watcher = &watcher{plan: p.plan, signed: &s.signed, hosts: hosts}
	if err := s.startProxy(ctx); err != nil {
		return errors.Join(err, s.tail())
	}
	defer s.stopProxy()
	if err := s.measure(ctx); err != nil {
		return errors.Join(err, s.tail())
	}
	text, verdict := s.report(machine)
	fmt.Print("\n", text)
	if o.results != "" {
		verdict = errors.Join(verdict, measure.Record(o.results, "swaps", "Swaps under load", text))
	}
	return verdict
}

func writeFile(path string, write func(*os.File) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// startProxy runs one that follows the publisher, and waits for its first answer.
func (s *swapping) startProxy(ctx context.Context) error {
	var err error
	if s.watcher.addr, err = measure.FreeAddr(); err != nil {
		return err
	}
	if s.http, err = measure.FreeAddr(); err != nil {
		return err
	}
	config := fmt.Sprintf("localproxy:\n  dns: [%s]\n  urls: [%s]\n  keys: [%q]\n  data: %s\n  report: {off: true}\nhttp: {listen: %s}\n",
		s.watcher.addr, s.publisher.url, s.publisher.public, filepath.Join(s.dir, "data"), s.http)
	path := filepath.Join(s.dir, "zonecast.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return err
	}
	log, err := os.Create(s.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	s.proxy = exec.Command("taskset", "-c", s.serverCore, s.bin, "localproxy", "-c", path)
	s.proxy.Stdout, s.proxy.Stderr = log, log
	if err := s.proxy.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if s.answers() {
			return nil
		}
	}
	s.stopProxy()
	return errors.New("the proxy does not answer within a minute")
}

func (s *swapping) stopProxy() {
	_ = s.proxy.Process.Kill()
	_ = s.proxy.Wait()
}

func (s *swapping) logPath() string { return filepath.Join(s.dir, "proxy.log") }

// tail is the end of the proxy's log, for whoever asks why.
func (s *swapping) tail() error {
	text, _ := os.ReadFile(s.logPath())
	return errors.New("--- proxy\n" + strings.TrimSpace(string(text[max(0, len(text)-2000):])))
}
