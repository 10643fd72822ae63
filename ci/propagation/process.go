package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/measure"
)

// process is a running `zonecast up` on free ports of the loopback interface.
type process struct {
	cmd       *exec.Cmd
	dns, http string
	begun     time.Time
}

func start(bin, dir string) (*process, error) {
	rules, err := filepath.Abs("rules/modules")
	if err != nil {
		return nil, err
	}
	p := &process{}
	if p.dns, err = measure.FreeAddr(); err != nil {
		return nil, err
	}
	if p.http, err = measure.FreeAddr(); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(bin, "up", "-c", filepath.Join(dir, "zonecast.yaml"), "--data", filepath.Join(dir, "data"), "--rules", rules,
		"--zones", filepath.Join(dir, "zones"), "--dns", p.dns, "--http", p.http)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, os.Stderr
	return p, p.cmd.Start()
}

// put sends the whole inventory as a full list, once the rules stage takes it.
func (p *process) put(path string) error {
	for range 100 {
		list, err := os.Open(path)
		if err != nil {
			return err
		}
		p.begun = time.Now()
		status, answer, err := p.send("PUT", "/v1/feeds/"+measure.Feed, list)
		list.Close()
		if err == nil && status == http.StatusOK {
			return nil
		}
		if err == nil && status != http.StatusServiceUnavailable {
			return fmt.Errorf("the list is refused: %d %.300s", status, answer)
		}
		time.Sleep(100 * time.Millisecond) // not up yet
	}
	return errors.New("nothing takes the list")
}

func (p *process) send(method, path string, body io.Reader) (status int, answer string, err error) {
	return measure.Send(method, "http://"+p.http+path, body)
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// quiet waits until the first load has settled: bases built, nothing newer than the newest answer.
func (p *process) quiet() error {
	time.Sleep(5 * time.Second)
	return p.cmd.Process.Signal(syscall.Signal(0))
}

// await asks until a name has the address.
func (p *process) await(name, want string, limit time.Duration) error {
	c := &dns.Client{Timeout: 200 * time.Millisecond}
	conn, err := c.Dial(p.dns)
	if err != nil {
		return err
	}
	defer conn.Close()
	m := new(dns.Msg).SetQuestion(name, dns.TypeA)
	for end := time.Now().Add(limit); time.Now().Before(end); {
		r, _, err := c.ExchangeWithConn(m, conn)
		if err == nil && len(r.Answer) == 1 && r.Answer[0].(*dns.A).A.String() == want {
			return nil
		}
		if err != nil { // nobody listens yet
			time.Sleep(5 * time.Millisecond)
		} else {
			time.Sleep(500 * time.Microsecond)
		}
	}
	return fmt.Errorf("%s does not get %s within %v", name, want, limit)
}

// change moves one server to another address and gives the time from the acceptance to the new answer.
func (p *process) change(n, entities int) (time.Duration, error) {
	i := (n * 7919) % entities
	want, event := measure.Moved(n), measure.Put(i, measure.Moved(n))
	_, answer, err := p.send("POST", "/v1/events?feed="+measure.Feed, strings.NewReader(event))
	accepted := time.Now()
	if err != nil || !strings.Contains(answer, `"accepted"`) {
		return 0, errors.Join(fmt.Errorf("event refused: %s", answer), err)
	}
	err = p.await(measure.Host(i), want, 10*time.Second)
	return time.Since(accepted), err
}
