// Slowtcp measures what a thousand connections that trickle octets and never read do to everybody else: UDP clients,
// TCP clients that keep their connection, and TCP clients that open one for each query. All come from 127.0.0.1, so to
// the proxy they are one client. Phases with and without the slow ones alternate. It fails when a query is lost.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bin := flag.String("bin", "zonecast", "the program")
	connections := flag.Int("connections", 1000, "slow connections")
	each := flag.Duration("each", time.Second, "between two octets of a slow connection")
	phase := flag.Duration("phase", 8*time.Second, "length of a phase")
	rounds := flag.Int("rounds", 3, "phases of each kind")
	flag.Parse()
	if err := run(ctx, *bin, *connections, *each, *phase, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "slowtcp:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin string, connections int, each, phase time.Duration, rounds int) error {
	p, err := serve(ctx, bin)
	defer p.stop()
	if err != nil {
		return err
	}
	c := newCampaign(p.addr)
	if err := c.up(ctx); err != nil {
		return err
	}
	if err := c.phase(ctx, 2*time.Second, 0, each); err != nil { // nobody's first query counts
		return err
	}
	c.forget()
	for round := range rounds {
		for _, slow := range []int{0, connections} {
			fmt.Printf("round %d of %d, %d slow connections\n", round+1, rounds, slow)
			if err := c.phase(ctx, phase, slow, each); err != nil {
				return err
			}
		}
	}
	fmt.Printf("\n%d rounds of %v; slow connections opened %d times, %d octets; peak memory of the proxy %d MiB\n", rounds, phase, c.opened, c.octets, measure.Peak(p.cmd.Process.Pid))
	return c.report(os.Stdout)
}

// campaign is what was measured of one proxy.
type campaign struct {
	server         string
	query          []byte
	seen           [2][]seen // without and with slow clients, for each load
	opened, octets int64
}

func newCampaign(server string) *campaign {
	query, err := new(dns.Msg).SetQuestion(benchzone.Host(7), dns.TypeA).Pack()
	if err != nil {
		panic(err) // the name is our own
	}
	c := &campaign{server: server, query: query}
	c.forget()
	return c
}

func (c *campaign) forget() {
	for i := range c.seen {
		c.seen[i] = make([]seen, len(loads))
	}
}

// up waits until the proxy answers.
func (c *campaign) up(ctx context.Context) error {
	for range 100 {
		conn, err := askTCP(c.server)
		if err == nil {
			err = conn.ask(c.query, make([]byte, 64<<10))
			conn.Close()
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the proxy does not answer")
}

// phase runs all loads beside each other, and beside slow clients.
func (c *campaign) phase(ctx context.Context, length time.Duration, slow int, each time.Duration) error {
	kind := 0
	if slow > 0 {
		kind = 1
		holding, release := context.WithCancel(ctx)
		s := startSlow(holding, c.server, slow, each, c.query)
		defer func() {
			release()
			<-s.finished
			c.opened += s.opened.Load()
			c.octets += s.octets.Load()
		}()
	}
	asking, end := context.WithTimeout(ctx, length)
	defer end()
	var all sync.WaitGroup
	for i, l := range loads {
		all.Go(func() { l.run(asking, c.server, c.query, &c.seen[kind][i]) })
	}
	all.Wait()
	return ctx.Err()
}
