package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// greet waits until everything that was there at the start has reached the proxy, and prints three queries to
// try. Its tables are read a few times a second and only until then.
func greet(ctx context.Context, p *process, w io.Writer) error {
	begun := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	said := false
	for {
		ok, waits := caughtUp(ctx, p)
		if ok {
			break
		}
		if !said && time.Since(begun) > 3*time.Second {
			fmt.Fprintf(w, "waiting: %s\n", waits)
			said = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	published, err := table.Read(ctx, p.store, "published")
	if err != nil {
		return err
	}
	dns := strings.Join(p.cfg.LocalProxy.DNS, " and ")
	fmt.Fprintf(w, "\nready after %.1f s: %d names served on %s; HTTP on %s\n\nTry:\n", time.Since(begun).Seconds(), published.Head.Rows, dns, p.host.URL())
	host, port, err := net.SplitHostPort(p.cfg.LocalProxy.DNS[0])
	if err != nil {
		return nil
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	for _, q := range samples(published) {
		name, t, _ := strings.Cut(q, " ")
		fmt.Fprintf(w, "  dig @%s -p %s %s %s\n", host, port, name, t)
	}
	fmt.Fprintln(w, "or")
	for _, q := range samples(published) {
		fmt.Fprintf(w, "  %s query --server %s %s\n", calledAs(), p.cfg.LocalProxy.DNS[0], q)
	}
	return nil
}

// caughtUp compares each stage's input with what the next took into account, once all of them have read theirs. Only
// sequences count: a new leader's fence changes nothing, so a stage writes it down with its next heartbeat.
func caughtUp(ctx context.Context, p *process) (ok bool, waits string) {
	if err := p.host.Ready.Err(); err != nil {
		return false, err.Error()
	}
	heads := map[string]table.Head{}
	for _, name := range []string{"generated." + p.cfg.Rules.Source, "presented", "published"} {
		h, err := table.ReadHead(ctx, p.store, name)
		if err != nil || h.Open {
			return false, "table " + name + " is being made"
		}
		heads[name] = h
	}
	generated := "generated." + p.cfg.Rules.Source
	if heads["presented"].Inputs[generated].Seq != heads[generated].Seq {
		return false, "the presenter is merging"
	}
	if heads["published"].Inputs["presented"].Seq != heads["presented"].Seq {
		return false, "the publisher is at work"
	}
	return true, ""
}

// samples picks three names worth asking for: the balanced name with the most addresses, a reverse name or a
// service, and the timestamp of a zone. Ties go to the first in order, so that a project always shows the same.
func samples(v *table.View) []string {
	var pool, other, apex zone.Name
	var poolType, otherType zone.Type
	most, rank := 0, 0
	for key, value := range v.All() {
		if z, ok := row.ZoneOf(key); ok {
			if apex == "" || better(z, apex) {
				apex = z
			}
			continue
		}
		r, err := row.DecodePublished(value)
		name, nerr := zone.ParseName(key)
		if err != nil || nerr != nil || name.IsWildcard() {
			continue
		}
		for _, set := range r.Sets {
			switch set.Type {
			case zone.TypeA, zone.TypeAAAA:
				if n := len(set.Data); n > most || (n == most && name.Compare(pool) < 0) {
					most, pool, poolType = n, name, set.Type
				}
			case zone.TypePTR, zone.TypeSRV, zone.TypeMX:
				n := 1
				if set.Type == zone.TypeSRV {
					n = 2
				}
				if n > rank || (n == rank && name.Compare(other) < 0) {
					rank, other, otherType = n, name, set.Type
				}
			}
		}
	}
	var list []string
	if pool != "" {
		list = append(list, fmt.Sprintf("%s %s", pool, poolType))
	}
	if other != "" {
		list = append(list, fmt.Sprintf("%s %s", other, otherType))
	}
	if apex != "" {
		if len(list) < 2 {
			list = append(list, fmt.Sprintf("%s SOA", apex))
		}
		list = append(list, fmt.Sprintf("_timestamp.%s TXT", apex))
	}
	return list
}

// better prefers forward zones, then the first in order.
func better(a, b zone.Name) bool {
	arpa, _ := zone.ParseName("arpa.")
	if a.Under(arpa) != b.Under(arpa) {
		return !a.Under(arpa)
	}
	return a.Compare(b) < 0
}

// calledAs is how this program was called, to be shown in what to type next.
func calledAs() string {
	switch called := os.Args[0]; {
	case strings.Contains(called, "/go-build"): // go run
		return "go run ./cmd/zonecast"
	case strings.HasPrefix(called, "./"):
		return called
	}
	return "zonecast"
}
