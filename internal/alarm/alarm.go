package alarm

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zonecast/internal/fleet"
	"zonecast/internal/release"
	"zonecast/internal/table"
)

// Severities, as in ci/alerts.
const (
	Critical = "critical" // a person should look now
	Warning  = "warning"  // today
	Info     = "info"
)

// The alarms' names.
const (
	NoLeader      = "ZonecastStageWithoutLeader"
	SourceStale   = "ZonecastSourceStale"
	NotPresenting = "ZonecastNotPresenting"
	NotReleasing  = "ZonecastNotReleasing"
	HeadExpiring  = "ZonecastHeadExpiring"
	Held          = "ZonecastHeld"
	GateHolding   = "ZonecastGateHolding"
	Rollback      = "ZonecastRollbackInForce"
	ProxiesGone   = "ZonecastProxiesGone"
	ProxiesLag    = "ZonecastProxiesLagging"
	ProxiesStale  = "ZonecastProxyStale"
	ByHand        = "ZonecastOverrideInForce"
)

const (
	// staleAfter is how old a source may become, and behindAfter how far one stage may lag behind another: as in ci/alerts.
	staleAfter  = 5 * time.Minute
	behindAfter = 2 * time.Minute
	// retiredAfter: a source whose table is so much older than what is presented is not in the presenter's config any
	// more, for else it would hold as-of back.
	retiredAfter = time.Minute
)

// Alarm is one thing that is wrong. Name and Subject together tell it from others.
type Alarm struct {
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Subject  string `json:"subject"` // which: a stage, a source, the id of a held thing; may be empty
	Text     string `json:"text"`    // one line: what is wrong
	Do       string `json:"do"`      // one line: what to do
	Since    int64  `json:"since"`   // Unix seconds, as far as it is known
}

// Key is the same for the same alarm.
func (a Alarm) Key() string { return a.Name + " " + a.Subject }

// Judge gives what is wrong, the worst first. Its length is bounded by the number of stages, maxHeld, and how many records may be
// set by hand.
func Judge(f Facts) []Alarm {
	j := judge{Facts: f, list: []Alarm{}}
	j.leaders()
	j.sources()
	j.behind()
	j.head()
	j.held()
	j.proxies()
	for _, g := range j.ByHand {
		j.add(Alarm{ByHand, Warning, g.ID, fmt.Sprintf("%s %s is set by hand by %s, for %s more: %s", g.Name, g.Type, g.By, ago(time.Unix(g.Expires, 0).Sub(j.Now)), g.Reason),
			"bring it into the zone file (it goes by itself then), or take it back: zonecast override drop " + g.Name + " " + g.Type + " --reason …", g.At})
	}
	if b := f.Back; b != nil {
		j.add(Alarm{Rollback, Warning, "", fmt.Sprintf("rolled back to version %d by %s: %s", b.To, b.By, b.Reason),
			"nothing new is released until zonecast releases resume", b.Since})
	}
	order := map[string]int{Critical: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(j.list, func(a, b Alarm) int {
		return cmp.Or(cmp.Compare(order[a.Severity], order[b.Severity]), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Since, b.Since), cmp.Compare(a.Subject, b.Subject))
	})
	return j.list
}

type judge struct {
	Facts
	list []Alarm
}

func (j *judge) add(a Alarm) { j.list = append(j.list, a) }

// ago is a duration as people say it.
func ago(d time.Duration) string { return d.Truncate(time.Second).String() }

// Sources gives the sources that are in use, and how current each is, Unix seconds (0: it has given nothing yet).
func (f Facts) Sources() map[string]int64 {
	found := map[string]int64{}
	presented, merged := f.Tables["presented"]
	for name, head := range f.Tables {
		source, ok := strings.CutPrefix(name, "generated.")
		if !ok {
			continue
		}
		if merged && head.AsOf > 0 && time.Duration(presented.AsOf-head.AsOf)*time.Second > retiredAfter {
			continue
		}
		found[source] = head.AsOf
	}
	return found
}

// leaders looks for stages that have tables and no leader.
func (j *judge) leaders() {
	stages := map[string][]string{"presenter": {"presented", "zones"}, "publisher": {"published"}}
	for source := range j.Sources() {
		stages["rules."+source] = []string{"generated." + source}
	}
	for _, stage := range slices.Sorted(maps.Keys(stages)) {
		if _, ok := j.Leaders[stage]; ok {
			continue
		}
		beat, there := int64(0), false
		for _, name := range stages[stage] {
			if head, ok := j.Tables[name]; ok {
				beat, there = max(beat, head.Beat), true
			}
		}
		if there {
			j.add(Alarm{NoLeader, Critical, stage, fmt.Sprintf("nobody leads %s; it wrote last %s ago", stage, ago(j.Now.Sub(time.Unix(beat, 0)))),
				"no change gets through: start a process of the stage, or see its log and /readyz", beat})
		}
	}
}

func (j *judge) sources() {
	for source, asOf := range j.Sources() {
		old := j.Now.Sub(time.Unix(asOf, 0))
		if old <= staleAfter {
			continue
		}
		text := fmt.Sprintf("source %s is %s behind", source, ago(old))
		since := asOf + int64(staleAfter/time.Second)
		if asOf == 0 {
			text, since = fmt.Sprintf("source %s has given nothing yet", source), j.Tables["generated."+source].Beat
		}
		j.add(Alarm{SourceStale, Warning, source, text, "its last records are served: look for the feed that is silent (zonecast table inventory." + source + " --prefix @)", since})
	}
}

// behind compares how current each stage's output is with its input's.
func (j *judge) behind() {
	lag := func(name string, input, output table.Head, text string) {
		if input.AsOf > 0 && time.Duration(input.AsOf-output.AsOf)*time.Second > behindAfter {
			j.add(Alarm{name, Critical, "", text, "see the log of its leader, and restart it", output.AsOf + int64(behindAfter/time.Second)})
		}
	}
	presented, ok := j.Tables["presented"]
	if !ok {
		return
	}
	oldest := table.Head{}
	for source, asOf := range j.Sources() {
		if oldest.AsOf == 0 || asOf < oldest.AsOf {
			oldest = j.Tables["generated."+source]
		}
		if asOf == 0 {
			oldest = table.Head{} // as-of waits for it
			break
		}
	}
	lag(NotPresenting, oldest, presented, "the presenter does not merge what the sources made")
	if published, ok := j.Tables["published"]; ok && j.Back == nil {
		lag(NotReleasing, presented, published, "what is presented is not released")
	}
}

// head warns when a quarter of a signature's life is left.
func (j *judge) head() {
	h, err := release.Peek(j.HeadText)
	if err != nil || h.Expires <= h.Signed {
		return
	}
	if left := h.Expires - j.Now.Unix(); left < (h.Expires-h.Signed)/4 {
		text := fmt.Sprintf("the newest head expires in %s", ago(time.Duration(left)*time.Second))
		if left < 0 {
			text = fmt.Sprintf("the newest head expired %s ago", ago(-time.Duration(left)*time.Second))
		}
		j.add(Alarm{HeadExpiring, Critical, "", text, "proxies go on answering, but nobody signs: start a publisher, see its log", h.Expires - (h.Expires-h.Signed)/4})
	}
}

// proxies sums up the fleet, however large it is: zonecast proxies names them.
func (j *judge) proxies() {
	p := j.Proxies
	if n := p.States[fleet.Stale] + p.States[fleet.Expired]; n > 0 {
		j.add(Alarm{ProxiesStale, Critical, "", fmt.Sprintf("%d of %d proxies are stale", n, p.Alive),
			"they go on answering: when all are, look for what is behind in the pipeline, else at their way to it", 0})
	}
	if p.Lagging > 0 {
		j.add(Alarm{ProxiesLag, Warning, "", fmt.Sprintf("%d of %d proxies lack a version that has been out for %d s", p.Lagging, p.Alive, p.LagAfter),
			"zonecast proxies --lagging names them, with their last error", 0})
	}
	if p.Gone > 0 {
		j.add(Alarm{ProxiesGone, Warning, "", fmt.Sprintf("%d of %d proxies report no more", p.Gone, p.Known),
			"zonecast proxies --gone names them: start them, or forget those that are gone for good", 0})
	}
}

func (j *judge) held() {
	listed := map[string]int{}
	oldest := map[string]int64{}
	for _, h := range j.Held {
		name, severity := ofOwner(h.Owner)
		do := "mend its cause: zonecast held show " + h.ID
		if h.CanFree {
			do = fmt.Sprintf("mend its cause, or let it go: zonecast held release %s --reason …", h.ID)
		}
		j.add(Alarm{name, severity, h.ID, fmt.Sprintf("%s %s is held by %s [%s]: %s", h.Unit, h.Subject, h.Owner, h.Check, h.Cause), do, h.Since})
		listed[h.Owner]++
		oldest[h.Owner] = max(oldest[h.Owner], h.Since)
	}
	for owner, n := range j.HeldBy {
		if more := n - listed[owner]; more > 0 && listed[owner] >= maxHeld {
			name, severity := ofOwner(owner)
			j.add(Alarm{name, severity, owner + ":more", fmt.Sprintf("%s holds %d more", owner, more), "zonecast held lists all", oldest[owner]})
		}
	}
}

func ofOwner(owner string) (name, severity string) {
	if owner == "publisher" {
		return GateHolding, Critical
	}
	return Held, Warning
}
