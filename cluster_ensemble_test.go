package zonecast

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"zonecast/internal/leader"
	"zonecast/internal/store"
	"zonecast/internal/store/zk"
	"zonecast/internal/store/zktest"
	"zonecast/internal/table"
)

// session is the session time-out of the processes on the ensemble: short, so that takeovers are.
const session = 3 * time.Second

// ensemble is two of every writing stage on three ZooKeeper servers.
type ensemble struct {
	*deployment
	servers []*zktest.Server
	store   store.Store // the test's own view
	rev     int
}

// writers are the stages that lead, with the name of the leadership, and a request that only a leader takes.
var writers = []struct{ stage, name, method, path, body string }{
	{"rules", "rules.main", "POST", "/v1/events", putWeb1},
	{"presenter", "presenter", "PUT", "/v1/zones", "{}"},
	{"publisher", "publisher", "POST", "/v1/resume", `{"reason":"test"}`},
}

func newEnsemble(t *testing.T) *ensemble {
	t.Helper()
	servers := zktest.Three(t)
	list := fmt.Sprintf("'%s', '%s', '%s'", servers[0].Addr, servers[1].Addr, servers[2].Addr)
	e := &ensemble{servers: servers, deployment: newDeployment(t, servers[0], fmt.Sprintf("servers: [%s], session_timeout: %v", list, session))}
	e.watched()
	cfg := zk.DefaultConfig()
	cfg.Root, cfg.SessionTimeout = "/"+t.Name(), session
	cfg.Servers = []string{servers[0].Addr, servers[1].Addr, servers[2].Addr}
	var err error
	if e.store, err = zk.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.store.Close() })
	return e
}

// second starts the second process of a stage, as "rules2"; it stands by.
func (e *ensemble) second(stage string) {
	e.t.Helper()
	name := stage + "2"
	e.http[name] = freeUDP(e.t)
	e.up[name] = launch(e.t, e.dir, stage, "-c", "zonecast.yaml", "--instance", "two", "--data", "data-"+name, "--http", e.http[name])
	e.ready(name)
}

// leads waits until a process leads, and tells how long that took.
func (e *ensemble) leads(name, process string) time.Duration {
	e.t.Helper()
	start := time.Now()
	eventually(e.t, process+" leads", func() bool {
		info, err := leader.Find(e.t.Context(), e.store, name)
		return err == nil && info.URL == "http://"+e.http[process]
	})
	return time.Since(start)
}

// move gives web1 another address by an event to a process, until it is accepted, and waits until it is served.
func (e *ensemble) move(process string) time.Duration {
	e.t.Helper()
	start := time.Now()
	e.rev++
	addr := fmt.Sprintf("192.0.2.%d", 100+e.rev)
	e.event(process, fmt.Sprintf(`{"op":"put","kind":"server","id":"web1","rev":%d,"attrs":{"hostname":"web1","ipv4":"%s"}}`, e.rev, addr))
	e.serves("web1.prod.example.", dns.TypeA, addr)
	return time.Since(start)
}

// content is what the store says, but for heartbeats, signatures and when a feed was last heard of.
func (e *ensemble) content(from string) (lines []string) {
	e.t.Helper()
	ctx := e.t.Context()
	tables, err := e.store.Children(ctx, "/tables")
	if err != nil {
		e.t.Fatal(err)
	}
	for _, name := range tables {
		h, err := table.ReadHead(ctx, e.store, name)
		if err != nil {
			e.t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s: fence %d, %d rows, by %s", name, h.Fence, h.Rows, h.Writer))
		for _, row := range strings.Split(e.must(from, "table", name), "\n") {
			if !strings.HasPrefix(row, `{"key":"@feed/`) {
				lines = append(lines, row)
			}
		}
	}
	versions, err := e.store.Children(ctx, "/releases/log")
	if err != nil {
		e.t.Fatal(err)
	}
	return append(lines, "releases: "+strings.Join(versions, " "))
}

// answering asks the proxy without a pause until the test ends: not one query may go without its answer (P5).
func (e *ensemble) answering(t *testing.T) {
	var asked atomic.Int64
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if got := answers(e.dns, "ns1.prod.example.", dns.TypeA); got != "192.0.2.53" {
				t.Errorf("ns1 was %s after %d good answers", got, asked.Load())
			}
			asked.Add(1)
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-ended
		t.Logf("%d queries, each answered", asked.Load())
	})
}

// refuses waits until a process answers as a standby does, with the leader's address.
func (e *ensemble) refuses(process, method, path, body, leads string) {
	e.t.Helper()
	var last string
	defer func() {
		if e.t.Failed() {
			e.t.Logf("%s answered %s", process, last)
		}
	}()
	eventually(e.t, process+" points to "+leads, func() bool {
		req, err := http.NewRequestWithContext(e.t.Context(), method, "http://"+e.http[process]+path, strings.NewReader(body))
		if err != nil {
			e.t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		last = string(text)
		return res.StatusCode == http.StatusServiceUnavailable && strings.Contains(last, `"leader":"http://`+e.http[leads]+`"`)
	})
}

// TestP4PausedLeaders pauses the leader of each stage (SIGSTOP) with a write on its way, past the end of its session.
// The standby takes over and changes flow; when the old leader wakes up its write is fenced off, nothing it does changes
// anything, and it stands by.
func TestP4PausedLeaders(t *testing.T) {
	t.Parallel()
	e := newEnsemble(t)
	links := map[string]*zktest.Proxy{}
	for i, w := range writers {
		links[w.stage] = e.behindProxy(w.stage, e.servers[i])
	}
	e.start("localproxy")
	for _, w := range writers {
		e.leads(w.name, w.stage)
		e.second(w.stage)
	}
	e.serves("ns1.prod.example.", dns.TypeA, "192.0.2.53")
	e.answering(t)
	e.move("rules")

	for _, w := range writers {
		old, link := e.up[w.stage], links[w.stage]
		sent := link.Do("freeze", zktest.OpMulti)
		if w.stage == "rules" {
			go e.late(w.stage)
		}
		<-sent
		if err := old.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		took := e.leads(w.name, w.stage+"2")
		served := e.move("rules2")
		t.Logf("%s: %v after SIGSTOP the standby leads (session time-out %v); an event then took %v", w.stage, took.Round(time.Millisecond), session, served.Round(time.Millisecond))

		before := e.content("rules2")
		link.Cut()
		link.Thaw()
		if err := old.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		eventually(t, w.stage+"'s late write is fenced off", func() bool {
			return strings.Contains(e.metrics(w.stage), "zonecast_"+w.stage+"_fenced_total")
		})
		e.refuses(w.stage, w.method, w.path, w.body, w.stage+"2")
		e.ready(w.stage)
		contains(t, old.log.String(), "a write was refused", "fenced: another writer has taken over the table", "no longer leading")
		if diff := cmp.Diff(before, e.content("rules2")); diff != "" {
			t.Errorf("%s changed something after its pause:\n%s", w.stage, diff)
		}
	}
	e.event("rules", putWeb2) // what its client repeats is taken now, by whoever leads
	e.serves("web2.prod.example.", dns.TypeA, "192.0.2.11")
}

// late sends an event to a leader that is paused meanwhile, and gives up.
func (e *ensemble) late(process string) {
	client := &http.Client{Timeout: time.Second}
	res, err := client.Post("http://"+e.http[process]+"/v1/events", "application/x-ndjson", strings.NewReader(putWeb2))
	if err == nil {
		res.Body.Close()
		e.t.Errorf("a paused leader answered %s", res.Status)
	}
}

// metrics gives the counters above zero.
func (e *ensemble) metrics(process string) string {
	res, err := http.Get("http://" + e.http[process] + "/metrics")
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	var above []string
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "#") && !strings.HasSuffix(line, " 0") {
			above = append(above, line)
		}
	}
	return strings.Join(above, "\n")
}
