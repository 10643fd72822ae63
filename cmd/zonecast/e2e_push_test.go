package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// git runs git in the world's folder, without anybody's own settings.
func (w *world) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@corp.example", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits rules and zones and gives the commit.
func (w *world) commit() string {
	w.t.Helper()
	w.git("add", "rules", "zones")
	w.git("commit", "-q", "-m", "change")
	return w.git("rev-parse", "HEAD")
}

// startEmpty starts a pipeline that watches no folder: everything is pushed.
func (w *world) startEmpty() {
	w.t.Helper()
	w.write("zonecast.yaml", "{}\n")
	w.up = w.launch("up", "-c", "zonecast.yaml", "--data", w.path("data"), "--dns", w.dns, "--http", w.http)
	eventually(w.t, "the pipeline leads", func() bool { return strings.Contains(w.ask("status").out, "leader presenter") })
}

// TestPush pushes reviewed files from a git repository: newer commits load, an older one and one of another branch are
// held, and what a release lets go is served.
func TestPush(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t)
	w.git("init", "-q")
	first := w.commit()
	w.write("zones/corp.example.yaml", corpZone+"www: {type: A, value: 192.0.2.80}\n")
	second := w.commit()
	w.startEmpty()
	push := func(want int) string {
		t.Helper()
		s := w.ask("push", "--rules", "rules", "--zones", "zones")
		if s.code != want {
			t.Fatalf("push: exit %d, not %d\n%s%s", s.code, want, s.out, s.err)
		}
		return s.out
	}
	contains(t, push(0), "rules: loaded\n", "zones: loaded\n")
	contains(t, push(0), "rules: unchanged\n", "zones: unchanged\n")
	w.serves("www.corp.example.", dns.TypeA, "192.0.2.80")
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	contains(t, w.must("explain", "www.corp.example"), "zones/corp.example.yaml:3:1, commit "+second[:12])

	// An older checkout rolls nothing back by itself.
	w.git("checkout", "-q", first)
	same(t, "before an older checkout is pushed", w.plan("--zones", "zones").stopped(), "not-descending zones")
	out := push(1)
	contains(t, w.plan("--zones", "zones").text, "held now: push zones [not-descending], since ")
	contains(t, out, "zones: held", "held: zonecast held show presenter:")
	id, shown := w.held("not-descending", "zones", second[:12], first[:12])
	contains(t, shown, "To let it go:")
	w.serves("www.corp.example.", dns.TypeA, "192.0.2.80")

	// After the release it is served, and the newer commit descends from it again.
	w.must("held", "release", id, "--reason", "back to the last good week")
	w.releaseUntil(func() bool { return w.answers("www.corp.example.", dns.TypeA) == "NXDOMAIN" })
	w.git("checkout", "-q", "main")
	contains(t, push(0), "zones: loaded")
	w.serves("www.corp.example.", dns.TypeA, "192.0.2.80")
	w.nothingHeld()

	// A branch that knows nothing of what is loaded is held too; loading the right one again ends that.
	w.git("checkout", "-q", "-b", "side", first)
	w.write("zones/corp.example.yaml", corpZone+"www: {type: A, value: 192.0.2.66}\n")
	w.commit()
	contains(t, push(1), "zones: held")
	w.git("checkout", "-q", "main")
	w.write("zones/corp.example.yaml", corpZone+"www: {type: A, value: 192.0.2.81}\n")
	w.commit()
	contains(t, push(0), "zones: loaded")
	w.serves("www.corp.example.", dns.TypeA, "192.0.2.81")
	w.nothingHeld()
}

// TestPushBroken pushes a zone with an error, and a module with one: both are listed with their place, the rest
// of the push loads, the last good of both stays.
func TestPushBroken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startEmpty()
	contains(t, w.must("push", "--rules", "rules", "--zones", "zones"), "zones: loaded")
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.write("zones/corp.example.yaml", "'': {type: NS, value: ns1.corp.example}\n")
	w.write("zones/new.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nwww: {type: A, value: 192.0.2.80}\n")
	w.write("rules/servers.yaml", strings.Replace(serversModule, "{hostname}.corp", "{hostnam}.corp", 1))
	s := w.ask("push", "--rules", "rules", "--zones", "zones")
	if s.code != 1 {
		t.Errorf("exit %d, not 1", s.code)
	}
	contains(t, s.out, "zones/corp.example.yaml:1:23: ", "[missing-dot]", "rules/servers.yaml:5:", "hostnam")
	w.serves("www.new.example.", dns.TypeA, "192.0.2.80")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	w.event(putWeb2)
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
}

// TestPushNotSent: what cannot be sent ends with 2 and says why.
func TestPushNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"push"}, "nothing to push"},
		{[]string{"push", "--zones", "nowhere"}, "nowhere"},
		{[]string{"push", "--zones", "zones"}, "nothing answers at http://" + w.http},
	} {
		s := w.ask(c.args...)
		if s.code != 2 {
			t.Errorf("%v: exit %d, not 2", c.args, s.code)
		}
		contains(t, s.err, c.want)
	}
}
