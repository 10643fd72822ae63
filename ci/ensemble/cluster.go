package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"zonecast/ci/measure"
)

// cluster is what is measured.
type cluster struct {
	dir, bin  string
	zk        []*measure.ZooKeeper
	processes []*process // two of each stage, three proxies
}

// process is one stage in a process of its own.
type process struct {
	name, stage, dns, http string
	cmd                    *exec.Cmd
	log                    string
}

func newCluster(dir string, o options) (c *cluster, err error) {
	c = &cluster{dir: dir}
	if c.bin, err = filepath.Abs(o.bin); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if c.zk, err = measure.StartZooKeeper(dir, o.heap); err != nil {
		return nil, err
	}
	servers, err := json.Marshal([]string{c.zk[0].Addr, c.zk[1].Addr, c.zk[2].Addr})
	if err != nil {
		return nil, err
	}
	// A module that changes every TTL changes every name, which the gate would stop: that is not what is measured.
	config := fmt.Sprintf("store: {kind: zk, zk: {servers: %s, session_timeout: %v}}\nrules: {vars: {suffix: bench.example.}}\n"+
		"publisher: {key_file: key, gates: {changed_share: 1}}\nlocalproxy: {key_file: key.pub}\nlog: {level: info}\n", servers, o.session)
	if err := measure.WriteProject(dir, o.entities, config); err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "rules"), os.DirFS("rules/modules")); err != nil {
		return nil, err
	}
	if err := c.command("keygen", "-o", "key"); err != nil {
		return nil, err
	}
	for _, stage := range []string{"rules", "presenter", "publisher", "localproxy"} {
		for i := range map[bool]int{false: 2, true: 3}[stage == "localproxy"] {
			p := &process{name: fmt.Sprintf("%s-%d", stage, i+1), stage: stage}
			p.log = filepath.Join(dir, p.name+".log")
			if p.http, err = measure.FreeAddr(); err != nil {
				return nil, err
			}
			if p.dns, err = measure.FreeAddr(); err != nil {
				return nil, err
			}
			c.processes = append(c.processes, p)
			if err := c.start(p); err != nil {
				return nil, err
			}
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := c.command("push", "--rules", "rules", "--zones", "zones", "--http", c.processes[0].http)
		if err == nil {
			return c, nil
		}
		if time.Now().After(end) {
			return nil, err
		}
	}
}

// start runs a process; its log goes on where its former life's ended.
func (c *cluster) start(p *process) error {
	log, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(c.bin, p.stage, "-c", "zonecast.yaml", "--instance", p.name, "--data", "data-"+p.name, "--http", p.http, "--dns", p.dns)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = c.dir, log, log
	return p.cmd.Start()
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// ready waits until a process says that it is.
func (p *process) ready(limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get("http://" + p.http + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s is not ready within %v", p.name, limit)
		}
	}
}

func (c *cluster) stop() {
	for _, p := range c.processes {
		if p.cmd != nil && p.cmd.Process != nil {
			p.kill()
		}
	}
	for _, z := range c.zk {
		z.Stop()
	}
}

// tails gives the end of each log, for whoever asks why.
func (c *cluster) tails() error {
	var all []error
	for _, p := range c.processes {
		text, _ := os.ReadFile(p.log)
		all = append(all, fmt.Errorf("--- %s\n%s", p.name, text[max(0, len(text)-700):]))
	}
	return errors.Join(all...)
}

// command runs the program to its end.
func (c *cluster) command(args ...string) error {
	cmd := exec.Command(c.bin, args...)
	cmd.Dir = c.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("zonecast %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// pushRules pushes the rules with one text replaced in the module of servers.
func (c *cluster) pushRules(old, text string) error {
	path := filepath.Join(c.dir, "rules", "servers.yaml")
	module, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, tests, _ := strings.Cut(string(module), "\ntests:")
	if !strings.Contains(head, old) || tests == "" {
		return fmt.Errorf("%s has no %q before its tests", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(head, old, text, 1)+"\n"), 0o644); err != nil {
		return err
	}
	return c.command("push", "--rules", "rules", "--http", c.processes[0].http)
}

func (c *cluster) proxies() []*process { return c.processes[len(c.processes)-3:] }

// leader gives the process that leads a stage; of the proxies, which have none, the first.
func (c *cluster) leader(stage string) (*process, error) {
	if stage == "localproxy" {
		return c.proxies()[0], nil
	}
	var status struct {
		Leaders map[string]struct{ Instance string }
	}
	for _, p := range c.processes {
		res, err := http.Get("http://" + p.http + "/v1/status")
		if err != nil {
			continue
		}
		err = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&status)
		res.Body.Close()
		if err == nil {
			break
		}
	}
	for _, p := range c.processes {
		if p.name == status.Leaders[stage].Instance || stage == "rules" && p.name == status.Leaders["rules.main"].Instance {
			return p, nil
		}
	}
	return nil, fmt.Errorf("nobody leads %s", stage)
}

// other gives the other process of a stage.
func (c *cluster) other(p *process) *process {
	for _, o := range c.processes {
		if o.stage == p.stage && o != p {
			return o
		}
	}
	return p
}

// profile asks a process for a profile of its next five seconds, once it listens.
func (b *bench) profile(p *process, what string) {
	if b.pprof == "" {
		return
	}
	go func() {
		for range 100 {
			res, err := http.Get("http://" + p.http + "/debug/pprof/profile?seconds=5")
			if err != nil {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			defer res.Body.Close()
			if f, err := os.Create(filepath.Join(b.pprof, what+"-"+p.stage)); err == nil {
				_, _ = io.Copy(f, res.Body)
				f.Close()
			}
			return
		}
	}()
}
