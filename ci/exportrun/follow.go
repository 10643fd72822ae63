package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/measure"
	"zonecast/ci/nameserver"
)

// following has `zonecast export --follow` feed a real tinydns from a real pipeline: a change in the inventory must reach its
// answers, and the pipeline's sudden end must change nothing.
func following(bin, dir string) error {
	project, root := filepath.Join(dir, "project"), filepath.Join(dir, "root")
	if out, err := exec.Command(bin, "init", project, "--zone", "corp.example").CombinedOutput(); err != nil {
		return fmt.Errorf("init: %w\n%s", err, out)
	}
	addr, err := measure.FreeAddr()
	if err != nil {
		return err
	}
	dnsAddr, err := measure.FreeAddr()
	if err != nil {
		return err
	}
	up, err := background(project, bin, "up", "--dns", dnsAddr, "--http", addr)
	if err != nil {
		return err
	}
	defer up.kill()
	key := filepath.Join(project, "data", "publisher", "key.pub") // the publisher makes it, and a follower needs it
	if err := until(key, func() bool { _, err := os.Stat(key); return err == nil }); err != nil {
		return errors.Join(err, up.said())
	}
	if err := os.MkdirAll(root, 0o755); err != nil { //nolint:gosec // tinydns runs as nobody
		return err
	}
	data := filepath.Join(root, "data")
	follower, err := background(project, bin, "export", "--follow", "--http", addr, "--format", "tinydns", "-o", data,
		"--interval", "1s", "--reload", "sh -c 'cd "+root+" && tinydns-data'")
	if err != nil {
		return err
	}
	defer follower.kill()
	if err := until("data.cdb", func() bool { _, err := os.Stat(filepath.Join(root, "data.cdb")); return err == nil }); err != nil {
		return errors.Join(err, follower.said())
	}
	server, err := nameserver.TinyDNSAt(root, []nameserver.Zone{{Origin: "corp.example."}})
	if err != nil {
		return err
	}
	defer server.Stop()
	has := func(address string) func() bool {
		return func() bool {
			r, err := dns.Exchange(new(dns.Msg).SetQuestion("web001.site1.corp.example.", dns.TypeA), server.Addr)
			return err == nil && len(r.Answer) == 1 && strings.HasSuffix(r.Answer[0].String(), "\t"+address)
		}
	}
	if err := until("192.0.2.10", has("192.0.2.10")); err != nil {
		return errors.Join(err, follower.said())
	}
	inventory := filepath.Join(project, "inventory.yaml")
	text, err := os.ReadFile(inventory)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := os.WriteFile(inventory, []byte(strings.ReplaceAll(string(text), "192.0.2.10", "192.0.2.77")), 0o600); err != nil {
		return err
	}
	if err := until("192.0.2.77", has("192.0.2.77")); err != nil {
		return errors.Join(err, follower.said())
	}
	took := time.Since(begun)
	up.kill()
	before, err := os.ReadFile(data)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // long enough for a follower that fails to do harm
	after, err := os.ReadFile(data)
	if err != nil || string(after) != string(before) || !has("192.0.2.77")() {
		return fmt.Errorf("%w: without the pipeline the data changed: %w", errUnexplained, err)
	}
	if err := follower.end(); err != nil {
		return fmt.Errorf("%w: a signal does not end export --follow cleanly: %w", errUnexplained, err)
	}
	fmt.Printf("follow       a change of the inventory reached tinydns in %v (an inventory file is looked at every second or so, --interval 1s); the pipeline's end changed nothing\n", took.Round(10*time.Millisecond))
	return nil
}

// process is a program that runs beside.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan error
}

func background(dir, bin string, args ...string) (*process, error) {
	log, err := os.CreateTemp(dir, "log-*")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(bin, args...), log: log.Name(), done: make(chan error, 1)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p, nil
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// end asks it to end, and gives how it did.
func (p *process) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		return err
	case <-time.After(patience):
		return errors.New("it goes on")
	}
}

func (p *process) said() error {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err
	}
	return errors.New(string(text))
}

// patience bounds what a busy machine may need.
const patience = time.Minute

func until(what string, ok func() bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return nil
		}
	}
	return fmt.Errorf("%w: no %s after %v", errUnexplained, what, patience)
}
