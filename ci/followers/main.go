// Command followers measures how a release reaches many hosts: a ZooKeeper ensemble of three, a process each of rules,
// presenter and publisher, and followers by the thousand, each with a session, a folder and a memory-mapped base of its own,
// as a local proxy has, but without DNS sockets and all in this process. They verify, persist and swap every release, and
// report to the fleet's summary. Their folders are on a memory file system: a thousand hosts do not share one disk.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"zonecast/ci/measure"
	"zonecast/internal/release"
)

// options are the flags.
type options struct {
	bin                string
	n, entities, times int
	silent             bool
	memory, heap       string
	pprof              string
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.bin, "bin", "./zonecast", "the program")
	flag.IntVar(&o.n, "n", 1000, "followers")
	flag.IntVar(&o.entities, "entities", 5000, "servers in the inventory, four records each")
	flag.IntVar(&o.times, "rest", 120, "events at one a second")
	flag.BoolVar(&o.silent, "silent", false, "followers leave no reports")
	flag.StringVar(&o.memory, "memory", "/dev/shm", "memory file system for the followers' folders")
	flag.StringVar(&o.heap, "zk-heap", "1g", "largest heap of each ZooKeeper server")
	flag.StringVar(&o.pprof, "pprof", "", "file for a CPU profile of this process at rest")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) (err error) {
	dir, err := os.MkdirTemp("", "zonecast-followers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	memory, err := os.MkdirTemp(o.memory, "zonecast-followers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(memory)
	p, err := startPipeline(dir, o)
	defer p.stop()
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d CPUs, %d followers, %d records\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), o.n, 4*o.entities)
	f, err := startFleet(p, memory, o)
	defer f.stop()
	if err != nil {
		return err
	}
	b := &bench{options: o, pipeline: p, fleet: f}
	for _, step := range []func() error{b.fromNothing, b.atRest, b.bigDelta, b.newEpoch, b.summary} {
		if err := step(); err != nil {
			return errors.Join(err, p.tails())
		}
	}
	return nil
}

// bench is a measurement under way.
type bench struct {
	options
	*pipeline
	*fleet
}

// fromNothing has every follower come at once, without anything on its disk.
func (b *bench) fromNothing() error {
	begun := time.Now()
	arrived := b.expect(1)
	b.follow()
	if err := arrived.wait(); err != nil {
		return err
	}
	fmt.Printf("from nothing: all have fetched the base of %d octets and serve after %v\n", b.head().Base.Size, arrived.last(begun).Round(time.Millisecond))
	time.Sleep(15 * time.Second) // reports, and whatever else comes after a start
	return nil
}

// atRest moves one server a second: from the accepted event, durable then, to every follower serving it.
func (b *bench) atRest() error {
	if b.pprof != "" {
		out, err := os.Create(b.pprof)
		if err != nil {
			return err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var slowest, all []time.Duration
	for i := range b.times {
		arrived := b.expect(b.newest() + 1)
		if err := b.event(measure.Put(i*7919%b.entities, measure.Moved(i+1))); err != nil {
			return err
		}
		accepted := time.Now()
		if err := arrived.wait(); err != nil {
			return err
		}
		slowest = append(slowest, arrived.last(accepted))
		all = append(all, arrived.each(accepted)...)
		time.Sleep(time.Until(accepted.Add(time.Second)))
	}
	fmt.Printf("at rest, 1 event/s, %d versions: accepted -> slowest of %d followers p50 %v, p99 %v, max %v\n", len(slowest), b.n,
		ms(measure.Quantile(slowest, .5)), ms(measure.Quantile(slowest, .99)), ms(measure.Quantile(slowest, 1)))
	fmt.Printf("    each follower: p50 %v, p99 %v\n", ms(measure.Quantile(all, .5)), ms(measure.Quantile(all, .99)))
	return nil
}

// bigDelta moves a tenth of the servers by one list.
func (b *bench) bigDelta() error {
	arrived := b.expect(b.newest() + 1)
	if err := b.list(b.entities / 10); err != nil {
		return err
	}
	accepted := time.Now()
	if err := arrived.wait(); err != nil {
		return err
	}
	took := arrived.last(accepted)
	fmt.Printf("a tenth of all servers moved by one list: accepted -> slowest follower %v\n", ms(took))
	text, err := b.output("releases", "--limit", "1", "--http", b.http["publisher"])
	if err != nil {
		return err
	}
	fmt.Print("    ", text)
	time.Sleep(5 * time.Second)
	return nil
}

// newEpoch gives all followers another base at once.
func (b *bench) newEpoch() error {
	old := b.head().Epoch
	arrived := b.await(func(h release.Head) bool { return h.Epoch > old })
	begun, fetched := time.Now(), b.bases.Load()
	if err := b.command("releases", "new-epoch", "--reason", "measure", "--http", b.http["publisher"]); err != nil {
		return err
	}
	if err := arrived.wait(); err != nil {
		return err
	}
	fmt.Printf("a new epoch, another base for all: asked for -> slowest follower %v, %d fetched the base\n", ms(arrived.last(begun)), b.bases.Load()-fetched)
	return nil
}

// summary asks what the fleet says of itself.
func (b *bench) summary() error {
	if !b.options.silent {
		time.Sleep(25 * time.Second)
		began := time.Now()
		text, err := b.output("proxies", "--http", b.http["rules"])
		if err != nil {
			return err
		}
		fmt.Printf("the fleet's summary, after %v:\n%s", ms(time.Since(began)), text)
	}
	for _, z := range b.zk {
		fmt.Printf("%s: %d MiB, %s\n", z.Name, z.Peak(), z.Keeps())
	}
	fmt.Printf("this process: %d MiB\n", measure.Peak(os.Getpid()))
	return nil
}

func ms(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
