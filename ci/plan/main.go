// Command plan measures `zonecast plan` against a running pipeline of a million records: the wall and CPU time and the
// peak of memory of the command, and what it costs the pipeline. See ci/bench.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"zonecast/ci/measure"
)

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "./zonecast", "the program")
	scale := flag.Float64("scale", 1, "how much of the million records there is")
	rounds := flag.Int("rounds", 5, "rounds of each plan")
	keep := flag.String("keep", "", "make the project in this folder and leave it there, with the plans; empty: a temporary one")
	results := flag.String("results", "", "page to put the figures into (ci/RESULTS.md); empty: none")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *scale <= 0 || *scale > 10 {
		log.Fatal("plan: no arguments, one round or more, and a scale above 0 and up to 10")
	}
	if err := run(*bin, *scale, *rounds, *keep, *results); err != nil {
		log.Fatal("plan: ", err)
	}
}

func run(bin string, scale float64, rounds int, dir, results string) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "zonecast-plan-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	s := sized(scale)
	if err := writeProject(dir, s); err != nil {
		return err
	}
	p, err := start(bin, dir)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.push(dir); err != nil {
		return err
	}
	names, err := p.fill(filepath.Join(dir, "fleet.ndjson"), s.names())
	if err != nil {
		return err
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%s, `ci/bench plan --scale %g --rounds %d`, on %s.\n\n%d names with records: %d of %d servers, %d in one zone of people in %d files, the rest in %d small zones. "+
		"Medians of the rounds, and the worst; memory is the largest of all. Each plan is printed as Markdown and written as a file.\n\n",
		measure.Today(), scale, rounds, measure.Machine(), names, 2*(s.servers+s.edges), s.servers+s.edges, s.wide, wideFiles, s.small)
	fmt.Fprint(&table, "| plan | names that change | wall, worst | CPU of the command | CPU of the pipeline | peak memory of the command | bar |\n|---|---|---|---|---|---|---|\n")
	before, _ := measure.Resident([]int{p.cmd.Process.Pid})
	for _, c := range cases(s) {
		if err := p.measure(&table, dir, c, rounds); err != nil {
			return fmt.Errorf("%s: %w", c.title, err)
		}
	}
	after, _ := measure.Resident([]int{p.cmd.Process.Pid})
	fmt.Fprintf(&table, "\nResident memory of the pipeline: %d MB before the plans, %d MB after; peak %d MB.\n", before>>20, after>>20, measure.Peak(p.cmd.Process.Pid))
	fmt.Print("\n", table.String())
	if results == "" {
		return nil
	}
	return measure.Record(results, "plan", "Plans of a million records", table.String())
}

// took is what one plan cost.
type took struct {
	wall, cpu, pipeline time.Duration
	peak                int64 // octets
}

// measure plans an edit several times, after one that warms the page cache, and takes it back.
func (p *process) measure(table io.Writer, dir string, c edit, rounds int) error {
	back, err := c.apply(dir)
	if err != nil {
		return err
	}
	defer back()
	var all []took
	var out []byte
	for round := range rounds + 1 {
		cmd := exec.Command(p.bin, "plan", "--http", p.http, "--rules", "rules", "--zones", "zones", "--format", "markdown", "-o", "plan.json")
		cmd.Dir = dir
		used, begun := measure.CPU([]int{p.cmd.Process.Pid}), time.Now()
		if out, err = cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %.500s", err, out)
		}
		t := took{wall: time.Since(begun), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), pipeline: measure.CPU([]int{p.cmd.Process.Pid}) - used}
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			t.peak = usage.Maxrss << 10 // getrusage(2): kilobytes
		}
		if round > 0 {
			all = append(all, t)
		}
	}
	changed, err := changedIn(filepath.Join(dir, "plan.json"))
	if err != nil {
		return err
	}
	if changed != c.names {
		return fmt.Errorf("the plan changes %d names, expected are %d", changed, c.names)
	}
	wall, peak := median(all, func(t took) time.Duration { return t.wall }), slices.MaxFunc(all, func(a, b took) int { return int(a.peak - b.peak) }).peak
	verdict := "none"
	if c.bar > 0 {
		verdict = fmt.Sprintf("%g s", c.bar.Seconds())
		if c.memory > 0 {
			verdict += fmt.Sprintf(", %d MB", c.memory>>20)
		}
		if wall > c.bar || c.memory > 0 && peak > c.memory {
			verdict += ": MISSED"
		} else {
			verdict += ": reached"
		}
	}
	fmt.Fprintf(table, "| %s | %d | %.2f s, %.2f s | %.2f s | %.2f s | %d MB | %s |\n", c.title, changed, wall.Seconds(),
		slices.MaxFunc(all, func(a, b took) int { return int(a.wall - b.wall) }).wall.Seconds(), median(all, func(t took) time.Duration { return t.cpu }).Seconds(),
		median(all, func(t took) time.Duration { return t.pipeline }).Seconds(), peak>>20, verdict)
	return nil
}

func changedIn(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var p struct {
		Changes []struct{} `json:"changes"`
	}
	err = json.Unmarshal(text, &p)
	return len(p.Changes), err
}

func median(all []took, of func(took) time.Duration) time.Duration {
	var list []time.Duration
	for _, t := range all {
		list = append(list, of(t))
	}
	return measure.Quantile(list, 0.5)
}

// process is a running `zonecast up` on free ports of the loopback interface.
type process struct {
	bin, http string
	cmd       *exec.Cmd
}

func start(bin, dir string) (*process, error) {
	p := &process{bin: bin}
	dns, err := measure.FreeAddr()
	if err != nil {
		return nil, err
	}
	if p.http, err = measure.FreeAddr(); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(bin, "up", "-c", filepath.Join(dir, "zonecast.yaml"), "--dns", dns, "--http", p.http)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, os.Stderr
	return p, p.cmd.Start()
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// push loads rules and zones; folders that are watched would load each edit before it is planned.
func (p *process) push(dir string) error {
	cmd := exec.Command(p.bin, "push", "--http", p.http, "--rules", "rules", "--zones", "zones")
	cmd.Dir = dir
	var out []byte
	var err error
	for range 100 {
		if out, err = cmd.CombinedOutput(); err == nil {
			return nil
		}
		time.Sleep(200 * time.Millisecond) // not up yet
		cmd = exec.Command(cmd.Path, cmd.Args[1:]...)
		cmd.Dir = dir
	}
	return fmt.Errorf("push: %w: %.500s", err, out)
}

// fill sends the inventory and waits until so many names are published and the pipeline rests. It gives how many there are.
func (p *process) fill(path string, want int) (names int, err error) {
	deadline := time.Now().Add(15 * time.Minute)
	for {
		list, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		status, answer, err := measure.Send("PUT", "http://"+p.http+"/v1/feeds/fleet", list)
		list.Close()
		if err == nil && status == http.StatusOK && strings.Contains(answer, `"accepted"`) {
			break
		}
		if err == nil && status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return 0, errors.Join(fmt.Errorf("the list is refused: %d %.300s", status, answer), err)
		}
		time.Sleep(200 * time.Millisecond) // not up yet
	}
	for rest := 0; rest < 5; rest++ {
		time.Sleep(2 * time.Second)
		status, answer, err := measure.Send("GET", "http://"+p.http+"/v1/gates", nil)
		if err != nil {
			return 0, err
		}
		var gates struct {
			Names map[string]int `json:"names"`
		}
		names = 0
		if status == http.StatusOK && json.Unmarshal([]byte(answer), &gates) == nil {
			for _, n := range gates.Names {
				names += n
			}
		}
		if names < want {
			rest = 0
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("%d of %d names are published", names, want)
		}
	}
	return names, nil
}
