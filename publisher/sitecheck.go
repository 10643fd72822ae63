package publisher

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"zonecast/internal/policy"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

// SiteCheck is a command of the site's own that is asked before each release. It gets what is to be released as JSON on
// its standard input (SitePlan). Exit 0 lets it pass; anything else, a time-out and a command that cannot be started
// included, holds the zones that it names on standard output, one a line, or all of the release when it names none.
// The last line on standard error is the cause that people read.
type SiteCheck struct {
	Name    string        `yaml:"name"`
	Command []string      `yaml:"command"` // program and arguments; no shell
	Timeout time.Duration `yaml:"timeout"` // 0 is 5 s; at most 30 s: releases and signatures wait for it
}

const (
	checkSite    = "site-check"
	siteTimeout  = 5 * time.Second
	maxSiteTime  = 30 * time.Second
	maxSites     = 16
	maxSitesTime = 90 * time.Second // for all together: the head is not signed meanwhile
	maxSiteNames = 1_000            // of a zone, in the plan
	maxSiteSays  = 64 << 10         // octets of each stream that are read
	siteAgain    = time.Minute      // zones that a check holds are shown to it again so often: its reason may lie elsewhere
)

func (c SiteCheck) check() error {
	switch {
	case c.Name == "" || len(c.Name) > 64 || strings.ContainsFunc(c.Name, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fmt.Errorf("publisher: gates: checks: name %q: 1 to 64 characters without spaces are needed", c.Name)
	case len(c.Command) == 0 || c.Command[0] == "":
		return fmt.Errorf("publisher: gates: checks: %s: command: a program is needed", c.Name)
	case c.Timeout < 0 || c.Timeout > maxSiteTime:
		return fmt.Errorf("publisher: gates: checks: %s: timeout: %v is not between 0 and %v", c.Name, c.Timeout, maxSiteTime)
	}
	return nil
}

// SitePlan is what a site's check reads.
type SitePlan struct {
	Stream string     `json:"stream"`
	Served uint64     `json:"served"` // version that is served now; 0 before the first
	Zones  []SiteZone `json:"zones"`
}

// SiteZone is a zone that the release changes.
type SiteZone struct {
	Zone    zone.Name  `json:"zone"`
	Summary Summary    `json:"summary"`
	Names   []SiteName `json:"names"`          // at most 1,000, sorted
	More    int        `json:"more,omitempty"` // names beyond
}

// SiteName is an owner name that the release changes.
type SiteName struct {
	Name    zone.Name `json:"name"`
	Change  string    `json:"change"`            // created, changed or deleted
	Records []string  `json:"records,omitempty"` // as they are to be, in zone file form
}

var kindNames = [kinds]string{created: "created", changed: "changed", deleted: "deleted"}

func (t *term) sitePlan(units map[*unit]Summary) SitePlan {
	p := SitePlan{Stream: t.cfg.Stream, Served: t.head.Version}
	for u, s := range units {
		z := SiteZone{Zone: u.apex, Summary: s}
		z.Names, z.More = u.firstNames(maxSiteNames)
		p.Zones = append(p.Zones, z)
	}
	slices.SortFunc(p.Zones, func(a, b SiteZone) int { return a.Zone.Compare(b.Zone) })
	return p
}

// firstNames lists up to limit of a unit's names, in canonical order, and says how many there are beyond.
func (u *unit) firstNames(limit int) (list []SiteName, more int) {
	names := make([]zone.Name, 0, len(u.names))
	for n := range u.names {
		names = append(names, n)
	}
	slices.SortFunc(names, zone.Name.Compare)
	for _, n := range names[:min(len(names), limit)] {
		d := u.names[n]
		line := SiteName{Name: n, Change: kindNames[d.kind]}
		for _, set := range d.sets {
			line.Records = append(line.Records, set.Lines(n)...)
		}
		list = append(list, line)
	}
	return list, len(names) - len(list)
}

// siteChecks asks the site's own checks about what passed all gates. What a person let go by hand is theirs to see, not to
// stop.
func (t *term) siteChecks(ctx context.Context, passing map[*unit]Summary) map[*unit]verdict {
	stopped := map[*unit]verdict{}
	for _, c := range t.cfg.Gates.Checks {
		left := map[*unit]Summary{}
		for u, s := range passing {
			if _, held := stopped[u]; !held {
				left[u] = s
			}
		}
		if len(left) == 0 {
			break
		}
		start := time.Now()
		zones, err := c.run(ctx, t.sitePlan(left))
		t.log.Info("site check", "check", c.Name, "zones", len(left), "took", time.Since(start), "error", err)
		if err == nil {
			continue
		}
		t.siteAt = time.Now().Add(siteAgain)
		named := func(u *unit) bool { return slices.Contains(zones, u.apex) }
		some := false
		for u := range left {
			some = some || named(u)
		}
		for u := range left {
			if !some || named(u) {
				stopped[u] = verdict{check: checkSite, text: fmt.Sprintf("the site's check %s says: %s", c.Name, service.OneLine(err.Error()))}
			}
		}
	}
	return stopped
}

// askAgain has zones that a site's check, or a policy, holds judged anew once in a while.
func (t *term) askAgain(now time.Time) {
	for check, at := range map[string]*time.Time{checkSite: &t.siteAt, policy.Check: &t.policyAt} {
		if at.IsZero() || now.Before(*at) {
			continue
		}
		*at = time.Time{}
		for apex, h := range t.holding {
			if slices.Contains(h.sum.Checks, check) {
				t.c.unit(apex)
				if check == policy.Check {
					t.policyAt = now.Add(policyAgain)
				}
			}
		}
	}
}

// run asks the command; an error is a no, with the zones that it names.
func (c SiteCheck) run(ctx context.Context, p SitePlan) (zones []zone.Name, err error) {
	input, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	limit := cmp.Or(c.Timeout, siteTimeout)
	late := fmt.Errorf("no answer within %v", limit)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	var out, said tail
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with what it started
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil, nil // exit 0; what it left behind may hold the pipe
	}
	if context.Cause(ctx) != nil {
		return nil, context.Cause(ctx)
	}
	for line := range strings.Lines(out.String()) {
		if n, err := zone.ParseName(strings.TrimSpace(line)); err == nil {
			zones = append(zones, n)
		}
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		err = errors.New(last)
	}
	return zones, err
}

// tail keeps the last octets of what a command says.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	p = p[max(0, n-maxSiteSays):]
	if over := t.Len() + len(p) - maxSiteSays; over > 0 {
		t.Next(over)
	}
	_, err := t.Buffer.Write(p)
	return n, err
}
