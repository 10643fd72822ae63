package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Dnsperf is one run of dnsperf (version 2.10 or newer).
type Dnsperf struct {
	Addr    string // of the server, UDP
	Queries string // file of questions
	Core    string // taskset's list of CPUs
	For     time.Duration
	Rate    int             // queries a second; 0: as fast as the server answers
	Each    string          // file to write one line a query to; empty: none
	Waiting int             // queries that wait for their answers; 0: Outstanding
	Until   <-chan struct{} // ends the run when closed, before For has passed; nil: never
}

// Outstanding is how many queries dnsperf lets wait for their answers. A socket with the kernel's default receive buffer
// (212,992 octets, some 270 small packets) holds all of them, so what is lost was lost by the server.
const Outstanding = 200

// Patience is how long a query may wait until it counts as lost: as long as stub resolvers wait by default.
const Patience = 5 * time.Second

// Load is what a run gave.
type Load struct {
	Sent, Completed, Lost int
	Seconds               float64
	Rcodes                map[string]int
}

// LostShare of the queries, 0 to 1.
func (l Load) LostShare() float64 { return float64(l.Lost) / float64(max(1, l.Sent)) }

// Run starts dnsperf and waits for its end, which the time of the run and of one lost query bounds.
func (d Dnsperf) Run(ctx context.Context) (Load, error) {
	host, port, err := net.SplitHostPort(d.Addr)
	if err != nil {
		return Load{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.For+20*time.Second)
	defer cancel()
	waiting := d.Waiting
	if waiting == 0 {
		waiting = Outstanding
	}
	args := []string{"-c", d.Core, "dnsperf", "-s", host, "-p", port, "-d", d.Queries, "-l", strconv.Itoa(int(d.For.Seconds())),
		"-c", "4", "-T", "1", "-q", strconv.Itoa(waiting), "-t", strconv.Itoa(int(Patience.Seconds()))}
	if d.Rate > 0 {
		args = append(args, "-Q", strconv.Itoa(d.Rate))
	}
	if d.Each != "" {
		args = append(args, "-v")
	}
	cmd := exec.CommandContext(ctx, "taskset", args...)
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, &text
	if d.Each != "" {
		out, err := os.Create(d.Each)
		if err != nil {
			return Load{}, err
		}
		defer out.Close()
		cmd.Stdout = out
	}
	if err := cmd.Start(); err != nil {
		return Load{}, fmt.Errorf("dnsperf: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		select {
		case <-d.Until:
			_ = cmd.Process.Signal(os.Interrupt) // it prints its summary all the same
		case <-ended:
		}
	}()
	err = cmd.Wait()
	close(ended)
	if err != nil {
		return Load{}, fmt.Errorf("dnsperf: %w: %.500s", err, text.String())
	}
	if d.Each != "" {
		return Load{}, nil // its summary is in the file
	}
	return parseLoad(text.String())
}

var (
	countLine  = regexp.MustCompile(`(?m)^\s*Queries (sent|completed|lost):\s+(\d+)`)
	timeLine   = regexp.MustCompile(`(?m)^\s*Run time \(s\):\s+([\d.]+)`)
	rcodesLine = regexp.MustCompile(`(?m)^\s*Response codes:\s+(.*)$`)
	rcodeCount = regexp.MustCompile(`([A-Z]+\d*) (\d+)`)
)

// parseLoad reads dnsperf's summary.
func parseLoad(text string) (Load, error) {
	l := Load{Rcodes: map[string]int{}}
	into := map[string]*int{"sent": &l.Sent, "completed": &l.Completed, "lost": &l.Lost}
	counts := countLine.FindAllStringSubmatch(text, -1)
	for _, m := range counts {
		*into[m[1]], _ = strconv.Atoi(m[2])
	}
	took := timeLine.FindStringSubmatch(text)
	if len(counts) != 3 || took == nil {
		return l, fmt.Errorf("dnsperf gave no summary: %.500s", text)
	}
	l.Seconds, _ = strconv.ParseFloat(took[1], 64)
	if line := rcodesLine.FindStringSubmatch(text); line != nil {
		for _, m := range rcodeCount.FindAllStringSubmatch(line[1], -1) {
			l.Rcodes[m[1]], _ = strconv.Atoi(m[2])
		}
	}
	return l, nil
}

// Latencies reads a file that a run wrote: "> NOERROR name type 0.000123" for each answer.
func Latencies(path string) (took []time.Duration, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) != 5 || f[0] != ">" {
			continue
		}
		if seconds, err := strconv.ParseFloat(f[4], 64); err == nil {
			took = append(took, time.Duration(seconds*1e9))
		}
	}
	if len(took) == 0 {
		err = errors.New("dnsperf's file has no answer in it")
	}
	return took, errors.Join(err, lines.Err())
}
