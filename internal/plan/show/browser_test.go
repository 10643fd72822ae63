package show

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser is a headless Chromium, driven over its pipe: https://chromedevtools.github.io/devtools-protocol/
type browser struct {
	t       *testing.T
	in      io.Writer
	session string
	next    int

	mu      sync.Mutex
	waiting map[int]chan reply
	loaded  chan struct{}
	said    []string // console messages, errors, and requests for anything but the page itself
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// openBrowser starts Chromium with one empty page of this many pixels.
func openBrowser(t *testing.T, width, height int) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed (Debian's package chromium)")
		}
		t.Skip("chromium is not installed")
	}
	toRead, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, toWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// It shows what this test made, and runs as root where CI does.
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{toRead, toWrite} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toRead.Close()
	toWrite.Close()
	b := &browser{t: t, in: in, waiting: map[int]chan reply{}, loaded: make(chan struct{}, 16)}
	done := make(chan struct{})
	go func() { defer close(done); b.read(out) }()
	t.Cleanup(func() {
		b.session = ""
		b.call("Browser.close", nil, nil)
		_ = cmd.Wait() // its folder can be removed then
		in.Close()
		<-done
		out.Close()
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	return b
}

// read takes in what the browser says: messages that end in a zero octet.
func (b *browser) read(r io.Reader) {
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			for _, c := range b.waiting {
				close(c)
			}
			b.waiting = nil
			b.mu.Unlock()
			return
		}
		var m struct {
			ID     int
			Method string
			Params json.RawMessage
			reply
		}
		if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
			continue
		}
		b.mu.Lock()
		switch m.Method {
		case "":
			if c := b.waiting[m.ID]; c != nil {
				c <- m.reply
				delete(b.waiting, m.ID)
			}
		case "Page.loadEventFired":
			b.loaded <- struct{}{}
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
			b.said = append(b.said, m.Method+" "+string(m.Params))
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if json.Unmarshal(m.Params, &p) != nil || !strings.HasPrefix(p.Request.URL, "file:") && !strings.HasPrefix(p.Request.URL, "data:") {
				b.said = append(b.said, "a request: "+string(m.Params))
			}
		}
		b.mu.Unlock()
	}
}

var errGone = errors.New("chromium went away, or does not answer")

func (b *browser) call(method string, params, into any) {
	b.t.Helper()
	b.mu.Lock()
	b.next++
	c := make(chan reply, 1)
	if b.waiting == nil {
		b.mu.Unlock()
		b.t.Fatal(errGone)
	}
	b.waiting[b.next] = c
	text, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
		Session string `json:"sessionId,omitempty"`
	}{b.next, method, params, b.session})
	b.mu.Unlock()
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	select {
	case r, ok := <-c:
		switch {
		case !ok && method == "Browser.close":
		case !ok:
			b.t.Fatal(errGone)
		case r.Error != nil:
			b.t.Fatalf("%s: %s", method, r.Error.Message)
		case into != nil:
			if err := json.Unmarshal(r.Result, into); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
	case <-time.After(time.Minute):
		b.t.Fatalf("%s: %v", method, errGone)
	}
}

// open shows a page file.
func (b *browser) open(path string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": "file://" + path}, nil)
	select {
	case <-b.loaded:
	case <-time.After(time.Minute):
		b.t.Fatal("the page does not load")
	}
}

// eval runs an expression, waits for it where it is a promise, and gives its value.
func eval[T any](b *browser, expression string) (value T) {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, r.ExceptionDetails)
	}
	if err := json.Unmarshal(r.Result.Value, &value); err != nil {
		b.t.Fatalf("%s: %v: %s", expression, err, r.Result.Value)
	}
	return value
}

// until waits until an expression is true.
func (b *browser) until(expression string) {
	b.t.Helper()
	if !eval[bool](b, fmt.Sprintf(`new Promise(done => { const end = Date.now() + 20000; (function look() {
		if (%s) done(true); else if (Date.now() > end) done(false); else requestAnimationFrame(look); })() })`, expression)) {
		b.t.Fatalf("never true: %s\nthe page says: %s", expression, eval[string](b, `document.getElementById("count").textContent`))
	}
}

// key presses and lets go a key.
func (b *browser) key(key string) {
	b.t.Helper()
	params := map[string]any{"type": "keyDown", "key": key}
	if len(key) == 1 {
		params["text"] = key
	}
	b.call("Input.dispatchKeyEvent", params, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key}, nil)
}

// choose sets a filter as a person does.
func (b *browser) choose(filter, value string) {
	b.t.Helper()
	if got := eval[string](b, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("change")); return e.value })()`, filter, value)); got != value {
		b.t.Errorf("filter %s has no %q", filter, value)
	}
}

// names are those that are listed.
func (b *browser) names() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll("#list > li .name strong")].map(e => e.textContent)`)
}

func (b *browser) wantNames(what string, want ...string) {
	b.t.Helper()
	if got := b.names(); !slices.Equal(got, want) {
		b.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// quiet fails when anything was said on the console, or asked of anybody.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.said {
		b.t.Error(text)
	}
}
