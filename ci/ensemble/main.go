// Command ensemble measures zonecast as large users run it: a ZooKeeper ensemble of three, two processes of every
// stage, three proxies over the store, all on this machine. How long the first load takes, an event from its
// acceptance to the new answer, the restart and the loss of each leader, and a changed module; how much memory each process
// takes. It prints a table with the bars beside the figures; a bar that is missed does not fail it, for machines differ.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"zonecast/ci/measure"
)

// options are the flags.
type options struct {
	bin, pprof                    string
	entities, rest, rate, seconds int
	session                       time.Duration
	heap                          string
	only                          string
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.bin, "bin", "./zonecast", "the program")
	flag.IntVar(&o.entities, "entities", 100_000, "servers in the inventory, four records each")
	flag.IntVar(&o.rest, "rest", 60, "events at one a second")
	flag.IntVar(&o.rate, "rate", 100, "events a second under load")
	flag.IntVar(&o.seconds, "seconds", 30, "how long the load lasts")
	flag.DurationVar(&o.session, "session", 10*time.Second, "session time-out of the stages")
	flag.StringVar(&o.heap, "zk-heap", "1g", "largest heap of each ZooKeeper server")
	flag.StringVar(&o.pprof, "pprof", "", "folder for CPU profiles of the stages that are restarted or take over")
	flag.StringVar(&o.only, "only", "", "one part after the first load: events, restarts, takeovers or module")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) (err error) {
	dir, err := os.MkdirTemp("", "zonecast-ensemble-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := newCluster(dir, o)
	if err != nil {
		return err
	}
	defer c.stop()
	b := &bench{options: o, cluster: c, peaks: map[string]int{}}
	fmt.Printf("%s, %d CPUs, %d entities, session time-out %v\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), o.entities, o.session)
	for _, step := range []struct {
		name string
		run  func() error
	}{{"", b.firstLoad}, {"events", b.events}, {"restarts", b.restarts}, {"takeovers", b.takeovers}, {"module", b.module}, {"", b.memory}} {
		if o.only != "" && step.name != "" && step.name != o.only {
			continue
		}
		if err := step.run(); err != nil {
			return errors.Join(err, c.tails())
		}
	}
	return nil
}

// bench is a measurement under way.
type bench struct {
	options
	*cluster
	n     int            // changes sent so far
	peaks map[string]int // process -> MiB, over all its lives
}

// row prints one figure beside its bar; no bar is 0.
func row(what string, took, bar time.Duration) {
	verdict, limit := "", ""
	if bar > 0 {
		limit, verdict = fmt.Sprintf("<= %v", bar), "ok"
		if took > bar {
			verdict = "MISSED"
		}
	}
	fmt.Printf("%-66s %10v  %-10s %s\n", what, took.Round(100*time.Microsecond), limit, verdict)
}

func (b *bench) firstLoad() error {
	begun, err := b.put(filepath.Join(b.dir, "fleet.ndjson"))
	if err != nil {
		return err
	}
	for _, p := range b.proxies() {
		for i := 0; i <= 100; i++ { // all came in one group: a hundred of them speak for the rest
			n := i * (b.entities - 1) / 100
			if err := await(p.dns, measure.Host(n), address(measure.Address(n)), 3*time.Minute); err != nil {
				return err
			}
		}
	}
	row(fmt.Sprintf("first load: list sent -> %d records answered by 3 proxies", 4*b.entities), time.Since(begun), 20*time.Second)
	time.Sleep(10 * time.Second) // bases are built beside the answers: that is no rest yet
	return nil
}

func (b *bench) events() error {
	t, err := newTracker(b.proxies())
	if err != nil {
		return err
	}
	defer t.close()
	send := func(n int) error {
		i := n * 7919 % b.entities
		if err := b.accept(measure.Put(i, measure.Moved(n))); err != nil {
			return err
		}
		t.add(measure.Host(i), measure.Moved(n))
		return nil
	}
	for range b.rest {
		b.n++
		if err := send(b.n); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	took, err := t.wait(b.rest)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("at rest, 1 event/s, accepted -> last of 3 proxies: p50 of %d", len(took)), measure.Quantile(took, 0.5), 30*time.Millisecond)
	row("    p99", measure.Quantile(took, 0.99), 100*time.Millisecond)

	fault := make(chan error, b.rate*b.seconds)
	tick := time.NewTicker(time.Second / time.Duration(b.rate))
	defer tick.Stop()
	for range cap(fault) {
		<-tick.C
		b.n++
		go func(n int) { fault <- send(n) }(b.n)
	}
	for range cap(fault) {
		if err := <-fault; err != nil {
			return err
		}
	}
	if took, err = t.wait(cap(fault)); err != nil {
		return err
	}
	row(fmt.Sprintf("%d events/s, accepted -> last of 3 proxies: p50 of %d", b.rate, len(took)), measure.Quantile(took, 0.5), 80*time.Millisecond)
	row("    p99", measure.Quantile(took, 0.99), 250*time.Millisecond)
	return nil
}

// change moves one more server and waits until all proxies answer so. The event is repeated until a leader takes it.
func (b *bench) change() error {
	b.n++
	i := b.n * 7919 % b.entities
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		err := b.accept(measure.Put(i, measure.Moved(b.n)))
		if err == nil {
			break
		}
		if time.Now().After(end) {
			return err
		}
	}
	return b.shows(i)
}

func (b *bench) shows(i int) error {
	for _, p := range b.proxies() {
		if err := await(p.dns, measure.Host(i), address(measure.Moved(b.n)), time.Minute); err != nil {
			return err
		}
	}
	return nil
}

// restarts kills each stage's leader and starts it again at once: it finds its own instance id and goes on. Caught up
// means that the event sent after the start is answered everywhere.
func (b *bench) restarts() error {
	for _, stage := range []string{"rules", "presenter", "publisher", "localproxy"} {
		if err := b.settled(); err != nil {
			return err
		}
		p, err := b.leader(stage)
		if err != nil {
			return err
		}
		b.kill(p)
		begun := time.Now()
		if err := b.start(p); err != nil {
			return err
		}
		b.profile(p, "restart")
		if err := b.change(); err != nil {
			return err
		}
		row("restart of "+p.name+", start -> new answer", time.Since(begun), 3*time.Second)
		if now, err := b.leader(stage); err == nil && now.name != p.name {
			fmt.Printf("    meanwhile %s had taken over\n", now.name)
		}
	}
	return nil
}

// takeovers kills each stage's leader for good: the standby waits for the session to end, and goes on.
func (b *bench) takeovers() error {
	for _, stage := range []string{"rules", "presenter", "publisher"} {
		if err := b.settled(); err != nil {
			return err
		}
		p, err := b.leader(stage)
		if err != nil {
			return err
		}
		b.profile(b.other(p), "takeover")
		b.kill(p)
		begun := time.Now()
		if err := b.change(); err != nil {
			return err
		}
		row("kill -9 of "+p.name+" -> new answer, by the standby", time.Since(begun), 2*b.session)
		if err := b.start(p); err != nil {
			return err
		}
	}
	return nil
}

// settled waits for all processes, and then until an event passes: what came before is no part of what comes.
func (b *bench) settled() error {
	for _, p := range b.processes {
		if err := p.ready(time.Minute); err != nil {
			return err
		}
	}
	if err := b.change(); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	return nil
}

// module changes the TTL of every record that the rules make.
func (b *bench) module() error {
	if err := b.settled(); err != nil {
		return err
	}
	if err := b.pushRules("ttl: 300", "ttl: 301"); err != nil {
		return err
	}
	begun := time.Now()
	for _, p := range b.proxies() {
		for i := 0; i <= 100; i++ {
			n := i * (b.entities - 1) / 100
			if err := await(p.dns, measure.Host(n), ttl(301), 2*time.Minute); err != nil {
				return err
			}
		}
	}
	row(fmt.Sprintf("a changed module: loaded -> %d new records answered", 4*b.entities), time.Since(begun), 15*time.Second)
	return nil
}

// memory prints the largest resident memory of each process, and what ZooKeeper keeps.
func (b *bench) memory() error {
	for _, p := range b.processes {
		fmt.Printf("peak memory of %-51s %6d MiB\n", p.name, max(b.peaks[p.name], measure.Peak(p.cmd.Process.Pid)))
	}
	for _, z := range b.zk {
		fmt.Printf("peak memory of %-51s %6d MiB  %s\n", z.Name, z.Peak(), z.Keeps())
	}
	return nil
}

func (b *bench) kill(p *process) {
	b.peaks[p.name] = max(b.peaks[p.name], measure.Peak(p.cmd.Process.Pid))
	p.kill()
}
