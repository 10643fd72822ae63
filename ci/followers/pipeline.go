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

// pipeline is what is followed: a process each of rules, presenter and publisher.
type pipeline struct {
	dir, bin string
	zk       []*measure.ZooKeeper
	http     map[string]string // stage -> address
	running  []*exec.Cmd
}

func startPipeline(dir string, o options) (*pipeline, error) {
	p := &pipeline{dir: dir, http: map[string]string{}}
	var err error
	if p.bin, err = filepath.Abs(o.bin); err != nil {
		return p, err
	}
	if p.zk, err = measure.StartZooKeeper(dir, o.heap); err != nil {
		return p, err
	}
	servers, err := json.Marshal(p.servers())
	if err != nil {
		return p, err
	}
	// Half of the names change at once, which the gates are there to stop: that is not what is measured.
	config := fmt.Sprintf("store: {kind: zk, zk: {servers: %s}}\nrules: {dir: rules, vars: {suffix: bench.example.}}\npresenter: {zones: zones}\n"+
		"publisher: {key_file: key, gates: {changed_share: 1, deleted_share: 1, deleted: 10000000, total_share: 1}}\n", servers)
	if err := measure.WriteProject(dir, o.entities, config); err != nil {
		return p, err
	}
	if err := os.CopyFS(filepath.Join(dir, "rules"), os.DirFS("rules/modules")); err != nil {
		return p, err
	}
	if err := p.command("keygen", "-o", "key"); err != nil {
		return p, err
	}
	for _, stage := range []string{"rules", "presenter", "publisher"} {
		if p.http[stage], err = measure.FreeAddr(); err != nil {
			return p, err
		}
	}
	// One after the other, so that the first release has everything and is a base of its own.
	if err := p.start("rules"); err != nil {
		return p, err
	}
	if err := until("the list is taken", func() bool { return p.list(0) == nil }); err != nil {
		return p, err
	}
	for _, stage := range []string{"presenter", "publisher"} {
		if err := p.start(stage); err != nil {
			return p, err
		}
		if err := until("presented", func() bool {
			text, err := p.output("table", "presented", "--key", measure.Host(o.entities-1), "--http", p.http["rules"])
			return err == nil && text != ""
		}); err != nil {
			return p, err
		}
	}
	return p, until("released", func() bool {
		text, err := p.output("explain", measure.Host(o.entities-1), "A", "--http", p.http["rules"])
		return err == nil && strings.Contains(text, "since version")
	})
}

func until(what string, is func() bool) error {
	for end := time.Now().Add(patience); !is(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("not within %v: %s", patience, what)
		}
	}
	return nil
}

func (p *pipeline) servers() (list []string) {
	for _, z := range p.zk {
		list = append(list, z.Addr)
	}
	return list
}

func (p *pipeline) log(stage string) string { return filepath.Join(p.dir, stage+".log") }

func (p *pipeline) start(stage string) error {
	log, err := os.Create(p.log(stage))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.bin, stage, "-c", "zonecast.yaml", "--instance", stage, "--data", "data-"+stage, "--http", p.http[stage])
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, log, log
	p.running = append(p.running, cmd)
	return cmd.Start()
}

func (p *pipeline) stop() {
	for _, c := range p.running {
		if c.Process != nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for _, z := range p.zk {
		z.Stop()
	}
}

// tails gives the end of each log, for whoever asks why.
func (p *pipeline) tails() error {
	var all []error
	for stage := range p.http {
		text, _ := os.ReadFile(p.log(stage))
		all = append(all, fmt.Errorf("--- %s\n%s", stage, text[max(0, len(text)-1000):]))
	}
	return errors.Join(all...)
}

func (p *pipeline) output(args ...string) (string, error) {
	cmd := exec.Command(p.bin, args...)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *pipeline) command(args ...string) error {
	if out, err := p.output(args...); err != nil {
		return fmt.Errorf("zonecast %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// event sends one.
func (p *pipeline) event(line string) error {
	return p.send("POST", "/v1/events?feed="+measure.Feed, line)
}

// list sends the whole inventory, with so many servers at other addresses.
func (p *pipeline) list(moved int) error {
	text, err := os.ReadFile(filepath.Join(p.dir, "fleet.ndjson"))
	if err != nil {
		return err
	}
	list := string(text)
	if moved > 0 {
		list = strings.Replace(list, `"ipv4":"198.18.`, `"ipv4":"198.19.`, moved)
	}
	return p.send("PUT", "/v1/feeds/"+measure.Feed, list)
}

func (p *pipeline) send(method, path, body string) error {
	req, err := http.NewRequest(method, "http://"+p.http["rules"]+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || strings.Contains(string(text), `"refused"`) && method == "POST") {
		err = fmt.Errorf("%s %s: %s %.300s", method, path, res.Status, text)
	}
	return err
}
