// Command serve measures zonecast side by side with other authoritative servers and with a bare UDP echo: one zone, one
// file of questions, in turn on one core, driven by dnsperf on another, in several rounds that take all servers in turn. It
// checks a sample of each server's answers first, prints a table, and can put it into ci/RESULTS.md.
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
	"slices"
	"strings"
	"syscall"
	"time"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// options are the flags.
type options struct {
	bin, pick, results, corednsVersion string
	serverCore, clientCore             string
	records, rounds, starts            int
	rate                               int
	seconds, latency                   time.Duration
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.bin, "bin", "./zonecast", "the program")
	flag.IntVar(&o.records, "records", 924_000, "records of the zone, about")
	flag.StringVar(&o.pick, "servers", "zonecast,knot,nsd,bind,tinydns,echo,echo-plain,echo-sockets", "what to measure; also: coredns")
	flag.StringVar(&o.corednsVersion, "coredns", "", "measure CoreDNS too, built from its Go module at this `version` (v1.12.4; minutes the first time)")
	flag.IntVar(&o.rounds, "rounds", 7, "rounds; each takes every server in turn")
	flag.DurationVar(&o.seconds, "time", 4*time.Second, "full load on a server in a round")
	flag.DurationVar(&o.latency, "latency-time", 2*time.Second, "moderate load on a server, for latencies, in each of three rounds; 0: none")
	flag.IntVar(&o.rate, "rate", 5_000, "queries a second of the moderate load")
	flag.IntVar(&o.starts, "starts", 3, "times each server is started; the first warms the page cache and does not count")
	flag.StringVar(&o.serverCore, "server-core", "0", "core of the servers")
	flag.StringVar(&o.clientCore, "client-core", "1", "core of dnsperf")
	flag.StringVar(&o.results, "results", "", "page to put the table into (ci/RESULTS.md); empty: none")
	echoAt := flag.String("echo", "", "be the echo at this `address`")
	singly := flag.Bool("singly", false, "with --echo: a datagram a system call")
	sockets := flag.Bool("sockets", false, "with --echo: through zonecast's own sockets")
	flag.Parse()
	switch {
	case *echoAt != "" && *sockets:
		log.Fatal(echoSockets(*echoAt))
	case *echoAt != "":
		log.Fatal(echo(*echoAt, !*singly))
	}
	if flag.NArg() > 0 || o.rounds < 1 || o.starts < 1 || o.seconds < time.Second {
		log.Fatal("serve: no arguments, at least one round and one start, and a second of load")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		log.Fatal("serve: ", err)
	}
}

// world is what all servers share.
type world struct {
	options
	dir, self, http string
	zone, queries   string // files
	hosts           int
	corednsPath     string
	sample          []benchzone.Question
	out             []string      // servers that were left out, and why
	built           time.Duration // what zonecast's snapshot took to make
	peak            int64         // octets, meanwhile
}

// sampled is how many answers of each server are looked at before it is measured.
const sampled = 200

func bench(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "zonecast-serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := &world{options: o, dir: dir, hosts: benchzone.HostsFor(o.records), zone: filepath.Join(dir, "bench.zone"), queries: filepath.Join(dir, "queries.txt")}
	machine := measure.Machine()
	if w.self, err = os.Executable(); err != nil {
		return err
	}
	if w.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	if w.http, err = w.address(); err != nil {
		return err
	}
	w.corednsPath = "coredns"
	if o.corednsVersion != "" {
		w.pick += ",coredns"
		if w.corednsPath, err = buildCoreDNS(ctx, o.corednsVersion); err != nil {
			return err
		}
	}
	list, err := w.servers(w.pick)
	if err != nil {
		return err
	}
	fmt.Printf("%s; zone of %d records; work folder %s\n", machine, benchzone.Records(w.hosts), dir)
	if err := w.writeZone(); err != nil {
		return err
	}
	started, err := w.startAll(ctx, list)
	defer func() {
		for _, m := range started {
			m.process.stop()
		}
	}()
	if err != nil {
		return err
	}
	left, err := w.takeTurns(ctx, slices.Clone(started))
	if err != nil {
		return err
	}
	text := w.report(left, machine)
	fmt.Print("\n", text)
	if o.results == "" {
		return nil
	}
	section, heading := "serve", "The engine beside other servers"
	if benchzone.Records(w.hosts) > 2_000_000 {
		section, heading = fmt.Sprintf("serve-%d", o.records), fmt.Sprintf("The engine with %d records", benchzone.Records(w.hosts))
	}
	return measure.Record(o.results, section, heading, text)
}

func (w *world) writeZone() error {
	questions := benchzone.Questions(w.hosts, 500_000, 1)
	w.sample = questions[:sampled]
	if err := writeFile(w.zone, func(f *os.File) error { return benchzone.WriteZone(f, w.hosts) }); err != nil {
		return err
	}
	return writeFile(w.queries, func(f *os.File) error { return benchzone.WriteQuestions(f, questions) })
}

// address gives one on loopback that stays free; see measure.FreeAddr.
func (w *world) address() (string, error) { return measure.FreeAddr() }

// command runs a preparation on the servers' core's neighbour or any: it is not measured here.
func (w *world) command(name string, args ...string) error { return run(exec.Command(name, args...)) }

func run(cmd *exec.Cmd) error {
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%.2000s", strings.Join(cmd.Args, " "), err, text)
	}
	return nil
}

func writeFile(path string, write func(*os.File) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// buildCoreDNS installs the program into the user's cache, once a version.
func buildCoreDNS(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "zonecast-bench", "coredns-"+version)
	path := filepath.Join(dir, "coredns")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fmt.Println("building CoreDNS", version, "from its Go module")
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/coredns/coredns@"+version)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	cmd.Dir = os.TempDir() // outside of this module
	return path, run(cmd)
}
