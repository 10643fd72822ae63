//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// host is where a process listens.
type host struct{ ip, ns string }

// sessionTimeout of the stages: short, so that a campaign sees many takeovers.
const sessionTimeout = 2 * time.Second

// world is an ensemble of three, two of every stage and three proxies, each a process of its own.
type world struct {
	*referee
	bin, dir string
	random   *rand.Rand

	zoo     []*node
	stages  []*stage // rules-1, rules-2, presenter-1, …
	proxies []*proxy
	fleet   []*server

	watchers sync.WaitGroup // what asks and looks until the end
}

// stage is one process of the pipeline.
type stage struct {
	*process
	kind string // rules, presenter or publisher
	url  string
}

// layout says on which host each process runs, and how clients reach the ensemble.
type layout struct {
	zoo     [3]host
	stages  [2]host // the first and the second of every stage
	proxies [3]host
	through func(nodes []*node) []string // addresses that clients use; nil: the nodes' own
}

func loopback() layout {
	h := host{ip: "127.0.0.1"}
	return layout{zoo: [3]host{h, h, h}, stages: [2]host{h, h}, proxies: [3]host{h, h, h}}
}

// newWorld writes everything and starts nothing.
func newWorld(r *referee, bin, dir string, seed uint64, entities int, at layout) (*world, error) {
	w := &world{referee: r, bin: bin, dir: dir, random: rand.New(rand.NewPCG(seed, 2026)), fleet: newFleet(entities)}
	if err := writeSite(dir, bin); err != nil {
		return nil, err
	}
	var err error
	if w.zoo, err = newEnsemble(dir, at.zoo[:]); err != nil {
		return nil, err
	}
	var servers []string
	for _, n := range w.zoo {
		servers = append(servers, n.addr)
	}
	if at.through != nil {
		servers = at.through(w.zoo)
	}
	store := fmt.Sprintf("{kind: zk, zk: {servers: ['%s'], root: /faults, session_timeout: %s, dial_timeout: 1s}}", strings.Join(servers, "','"), sessionTimeout)
	var urls []string
	for _, kind := range []string{"rules", "presenter", "publisher"} {
		for i, h := range at.stages {
			name := fmt.Sprintf("%s-%d", kind, i+1)
			addr := fmt.Sprintf("%s:%d", h.ip, freePort())
			w.stages = append(w.stages, &stage{kind: kind, url: "http://" + addr, process: w.zonecast(name, h.ns,
				kind, "-c", "pipeline.yaml", "--instance", name, "--data", "data-"+name, "--http", addr)})
			urls = append(urls, "http://"+addr)
		}
	}
	for i, h := range at.proxies {
		name := fmt.Sprintf("proxy-%d", i+1)
		addr, config := fmt.Sprintf("%s:%d", h.ip, freePort()), "pipeline.yaml"
		if i == len(at.proxies)-1 { // one that does not reach the store
			config = "remote.yaml"
		}
		w.proxies = append(w.proxies, &proxy{addr: addr, process: w.zonecast(name, h.ns, "localproxy", "-c", config, "--instance", name,
			"--data", "data-"+name, "--dns", addr, "--http", fmt.Sprintf("%s:%d", h.ip, freePort()))})
	}
	const publicKey = "localproxy: {key_file: key.pub"
	return w, errors.Join(writeConfig(dir, "pipeline.yaml", store, publicKey+"}\n"),
		writeConfig(dir, "remote.yaml", "{kind: embedded}", publicKey+", urls: ['"+strings.Join(urls, "','")+"']}\n"),
		writeConfig(dir, "afresh.yaml", "{kind: embedded}", ""))
}

func (w *world) zonecast(name, ns string, args ...string) *process {
	return &process{name: name, ns: ns, dir: w.dir, log: logPath(w.dir, name), argv: append([]string{w.bin}, args...)}
}

// start starts all, and waits until every proxy answers with the first load.
func (w *world) start(ctx context.Context) error {
	for _, n := range w.zoo {
		if err := n.start(); err != nil {
			return err
		}
	}
	if _, err := w.quorum(ctx, time.Minute); err != nil {
		return err
	}
	for _, s := range w.stages {
		if err := s.start(); err != nil {
			return err
		}
	}
	for _, p := range w.proxies {
		if err := p.start(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) stop() {
	for _, p := range w.all() {
		p.kill()
	}
}

// all processes, ZooKeeper's too.
func (w *world) all() (list []*process) {
	for _, s := range w.stages {
		list = append(list, s.process)
	}
	for _, p := range w.proxies {
		list = append(list, p.process)
	}
	for _, n := range w.zoo {
		list = append(list, n.process)
	}
	return list
}

// watchDeaths reports processes that end by themselves, and starts them again as a supervisor would.
func (w *world) watchDeaths(ctx context.Context) {
	for ctx.Err() == nil {
		for _, p := range w.all() {
			if p.died() {
				w.violate("a process ended by itself", "%s; see %s", p.name, p.log)
				if err := p.start(); err != nil {
					w.violate("a process ended by itself", "%v", err)
				}
			}
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// between draws a duration.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.random.Int64N(int64(high-low)))
}

// output runs a command to its end.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%.2000s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// workspace makes a folder for a run.
func workspace(kind string) (string, error) { return os.MkdirTemp("", "zonecast-faults-"+kind+"-") }
