package staleness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// Exit codes, those of monitoring plug-ins.
const (
	Fresh    = 0
	Warning  = 1
	Critical = 2 // or no answer
	Unasked  = 3 // the question could not be asked: the options are at fault
)

// Options of Run.
type Options struct {
	Servers []string      // ADDR or ADDR:PORT; port 53 if none is given
	Zone    string        // apex of a zone with `timestamp: on`
	Warn    time.Duration // age from which a server is a warning; default 60s
	Crit    time.Duration // age from which it is critical; default 300s
	Timeout time.Duration // for one server; default 3s
	JSON    bool          // an array of Result instead of lines

	now func() time.Time // for tests
}

// Result is what became of one server.
type Result struct {
	Server string  `json:"server"`
	Zone   string  `json:"zone"`
	State  string  `json:"state"` // OK, WARNING or CRITICAL
	Exit   int     `json:"exit"`
	Age    float64 `json:"age_seconds"` // now less as-of; -1 without an answer
	Text   string  `json:"text"`
	Facts  *Facts  `json:"facts,omitempty"`
}

// Bounds and defaults.
const (
	maxServers     = 1000
	askedAtOnce    = 32
	defaultWarn    = time.Minute
	defaultCrit    = 5 * time.Minute
	defaultTimeout = 3 * time.Second
	// clockSlack is how far as-of may lie in the future before the clocks are the finding.
	clockSlack = 5 * time.Second
)

var states = [...]string{Fresh: "OK", Warning: "WARNING", Critical: "CRITICAL"}

// Run asks all servers at once and writes one line each, in the order given. The exit code is the worst server's.
func Run(ctx context.Context, o Options, w io.Writer) (exit int) {
	if err := o.settle(); err != nil {
		fmt.Fprintf(w, "UNKNOWN: %v\n", err)
		return Unasked
	}
	results := make([]Result, len(o.Servers))
	var all sync.WaitGroup
	slots := make(chan struct{}, askedAtOnce)
	for i, server := range o.Servers {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			facts, err := Ask(ctx, server, o.Zone, o.Timeout)
			results[i] = o.judge(server, facts, err)
		})
	}
	all.Wait()
	for _, r := range results {
		exit = max(exit, r.Exit)
	}
	if o.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(results); err != nil {
			return Unasked
		}
		return exit
	}
	for _, r := range results {
		if _, err := fmt.Fprintln(w, o.line(r)); err != nil {
			return Unasked
		}
	}
	return exit
}

// settle fills in defaults and refuses what cannot be asked.
func (o *Options) settle() error {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&o.Warn, defaultWarn)
	set(&o.Crit, max(defaultCrit, o.Warn))
	set(&o.Timeout, defaultTimeout)
	if o.now == nil {
		o.now = time.Now
	}
	switch {
	case len(o.Servers) == 0:
		return errors.New("no server to ask: name one with --server ADDR[:PORT]")
	case len(o.Servers) > maxServers:
		return fmt.Errorf("%d servers: %d at most", len(o.Servers), maxServers)
	case o.Warn < 0 || o.Timeout < 0 || o.Crit < o.Warn:
		return fmt.Errorf("warn %s, crit %s, timeout %s: want 0 < warn <= crit", o.Warn, o.Crit, o.Timeout)
	case o.Zone == "":
		return errors.New("no zone to ask for")
	}
	if _, err := zone.ParseName(dns.Fqdn(o.Zone)); err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	o.Zone = dns.Fqdn(o.Zone)
	servers := make([]string, len(o.Servers))
	for i, text := range o.Servers {
		var err error
		if servers[i], err = address(text); err != nil {
			return err
		}
	}
	o.Servers = servers
	return nil
}

// judge compares one answer with the limits.
func (o *Options) judge(server string, f Facts, err error) Result {
	r := Result{Server: server, Zone: o.Zone, Age: -1, Exit: Critical}
	if err != nil {
		r.Text = strings.ReplaceAll(err.Error(), "\n", " ")
		r.State = states[r.Exit]
		return r
	}
	age := o.now().Sub(time.Unix(f.AsOf, 0)).Truncate(time.Second)
	r.Facts, r.Age = &f, age.Seconds()
	switch {
	case age < -clockSlack:
		r.Exit = Warning
		r.Text = fmt.Sprintf("as of %s in the future: compare the clocks", -age)
	case age >= o.Crit:
		r.Text = fmt.Sprintf("%s old, critical from %s", age, o.Crit)
	case age >= o.Warn:
		r.Exit = Warning
		r.Text = fmt.Sprintf("%s old, warning from %s", age, o.Warn)
	default:
		r.Exit = Fresh
		r.Text = fmt.Sprintf("%s old", max(age, 0))
	}
	r.Text += fmt.Sprintf(", version %d, epoch %d, signed %s", f.Version, f.Epoch, time.Unix(f.Signed, 0).UTC().Format(time.RFC3339))
	r.State = states[r.Exit]
	return r
}

// line is "STATE server zone: text | performance data" (monitoring-plugins.org guidelines: 'label'=value[unit];warn;crit;min).
func (o *Options) line(r Result) string {
	s := fmt.Sprintf("%s %s %s: %s", r.State, r.Server, r.Zone, strings.ReplaceAll(r.Text, "|", "/"))
	if r.Facts == nil {
		return s
	}
	return fmt.Sprintf("%s | 'age_%s'=%.0fs;%.0f;%.0f;0 'version_%s'=%d", s, r.Server, r.Age, o.Warn.Seconds(), o.Crit.Seconds(), r.Server, r.Facts.Version)
}
