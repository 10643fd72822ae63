// Package processtest is a rule module as a program, for tests: the test's own binary, started again. What it does wrong, and
// when, stands in a file that the test writes.
package processtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"zonecast/rules/process"
)

const variable = "ZONECAST_TEST_ORDERS"

// Main is the program, when the test's binary was started as one; else it returns. Call it first in TestMain.
func Main() {
	if orders := os.Getenv(variable); orders != "" {
		serve(orders)
		os.Exit(0)
	}
}

// Program is a program under a test's orders: words in a file.
//
//	version=V           announced at start; without it "1"
//	silent, wrong, dead at start: says nothing, says rubbish, ends
//	child               at start: leaves a child that writes its number to the orders' file with .child
//	heir                at start: leaves a child in a group of its own that inherits standard output and error, and ends
//	hang=ID, die=ID, rubbish=ID, long=ID, twice=ID   at the entity ID (or any: *)
//	error=ID, nothing=ID                             an error, or no records, for it
//
// It gives <id>.prod.example. A of attribute ipv4.
type Program struct {
	t    testing.TB
	path string
}

// New makes a program with these orders.
func New(t testing.TB, orders ...string) *Program {
	t.Helper()
	p := &Program{t, filepath.Join(t.TempDir(), "orders")}
	p.Order(orders...)
	return p
}

// Order replaces the orders.
func (p *Program) Order(orders ...string) {
	p.t.Helper()
	if err := os.WriteFile(p.path+"~", []byte(strings.Join(orders, "\n")), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(p.path+"~", p.path); err != nil {
		p.t.Fatal(err)
	}
}

// Child gives the number of the child that it left, once there is one.
func (p *Program) Child() (pid int) {
	text, _ := os.ReadFile(p.path + ".child")
	_, _ = fmt.Sscan(string(text), &pid)
	return pid
}

// Config is a configuration that runs it.
func (p *Program) Config() process.Config {
	c := process.Config{Command: []string{os.Args[0]}, Env: map[string]string{variable: p.path}, Timeout: 3 * time.Second}
	if err := c.Check(); err != nil {
		p.t.Fatal(err)
	}
	return c
}

type orders []string

func read(path string) orders {
	text, _ := os.ReadFile(path)
	return strings.Fields(string(text))
}

func (o orders) say(word, id string) bool {
	return slices.Contains(o, word+"="+id) || slices.Contains(o, word+"=*")
}

func serve(path string) {
	at := read(path)
	version := "1"
	for _, o := range at {
		if v, ok := strings.CutPrefix(o, "version="); ok {
			version = v
		}
	}
	switch {
	case slices.Contains(at, "silent"):
		select {}
	case slices.Contains(at, "wrong"):
		fmt.Println("hello there")
	case slices.Contains(at, "dead"):
		os.Exit(3)
	case slices.Contains(at, "child"):
		child := exec.Command("sleep", "3600")
		if err := child.Start(); err == nil {
			_ = os.WriteFile(path+".child", []byte(fmt.Sprint(child.Process.Pid)), 0o600)
		}
	case slices.Contains(at, "heir"):
		heir := exec.Command("sleep", "3600")
		heir.Stdout, heir.Stderr, heir.SysProcAttr = os.Stdout, os.Stderr, &syscall.SysProcAttr{Setpgid: true}
		if err := heir.Start(); err == nil {
			_ = os.WriteFile(path+".child", []byte(fmt.Sprint(heir.Process.Pid)), 0o600)
		}
		os.Exit(3)
	}
	fmt.Printf(`{"zonecast":1,"version":%q}`+"\n", version)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var q struct {
			ID     uint64
			Entity struct {
				ID    string
				Attrs map[string]any
			}
		}
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
		o, id := read(path), q.Entity.ID
		switch {
		case o.say("hang", id):
			select {}
		case o.say("die", id):
			os.Exit(5)
		case o.say("rubbish", id):
			fmt.Println("Traceback (most recent call last):")
		case o.say("long", id):
			fmt.Println(strings.Repeat("x", 2<<20))
		case o.say("error", id):
			fmt.Printf(`{"id":%d,"error":"no such rack"}`+"\n", q.ID)
		case o.say("nothing", id):
			fmt.Printf(`{"id":%d,"records":[]}`+"\n", q.ID)
		default:
			line := fmt.Sprintf(`{"id":%d,"records":[{"name":"%s.prod.example.","type":"A","value":%q}]}`+"\n", q.ID, id, q.Entity.Attrs["ipv4"])
			fmt.Print(line)
			if o.say("twice", id) {
				fmt.Print(line)
			}
		}
	}
}
