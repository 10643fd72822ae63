package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zonecast/internal/alarm"
	"zonecast/internal/api"
)

// screen draws a status.
type screen struct {
	now   time.Time
	width int  // of the terminal: longer lines are cut; 0: no bound
	color bool // what is wrong is coloured
}

// screenOf has colours on terminals alone, and not where NO_COLOR is set (no-color.org).
func screenOf(now time.Time, width int, terminal bool) screen {
	return screen{now: now, width: width, color: terminal && os.Getenv("NO_COLOR") == ""}
}

const (
	// maxAlarmsShown keeps the rest of the picture in sight; --json has all.
	maxAlarmsShown   = 12
	maxVersionsShown = 5
	// wide is the width from which dates stand beside ages.
	wide = 120
)

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

func (sc screen) render(s pipelineStatus) string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(sc.cut(fmt.Sprintf(format, args...)) + "\n") }
	sc.alarms(&b, s.Alarms)
	if s.Head == nil {
		line("stream %s: nothing released yet", s.Stream)
	} else {
		line("stream %s: version %s, epoch %s, released %s, as of %s, expires %s", s.Stream, s.Head["version"], s.Head["epoch"],
			sc.moment(s.Head["released"]), sc.moment(s.Head["as-of"]), sc.moment(s.Head["expires"]))
	}
	for _, name := range stagesOf(s) {
		if l, ok := s.Leaders[name]; ok {
			line("leader %-16s %s %s", name, l.Instance, l.URL)
		} else {
			line("leader %-16s nobody", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Sources)) {
		if asOf := s.Sources[name]; asOf == 0 {
			line("source %-16s has given nothing yet", name)
		} else {
			line("source %-16s as of %s", name, sc.ago(asOf))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		h := s.Tables[name]
		if h.AsOf == 0 { // tables that only keep what is held or loaded have no such time
			line("table  %-16s %s", name, count(int(h.Rows), "row"))
		} else {
			line("table  %-16s %s, as of %s", name, count(int(h.Rows), "row"), sc.ago(h.AsOf))
		}
	}
	var fleet strings.Builder
	p := s.Proxies
	p.Versions = p.Versions[:min(len(p.Versions), maxVersionsShown)]
	printProxies(&fleet, api.Proxies{Summary: p})
	for text := range strings.Lines(fleet.String()) {
		line("%s", strings.TrimSuffix(text, "\n"))
	}
	if more := len(s.Proxies.Versions) - maxVersionsShown; more > 0 {
		line("  and %s more", count(more, "version"))
	}
	line("held %d, conflicts %d%s", s.Held, s.Conflicts, heldBy(s.HeldBy))
	if s.Back != nil {
		line("%s", backText(s.Back))
	}
	return b.String()
}

// alarms come first, the worst before the others.
func (sc screen) alarms(b *strings.Builder, list []alarm.Alarm) {
	line := func(color, text string) {
		if text = sc.cut(text); sc.color && color != "" {
			text = color + text + plain
		}
		b.WriteString(text + "\n")
	}
	if len(list) == 0 {
		line(green, "no alarms")
		return
	}
	colors := map[string]string{alarm.Critical: red, alarm.Warning: yellow}
	for _, a := range list[:min(len(list), maxAlarmsShown)] {
		text := strings.ToUpper(a.Severity) + " " + a.Name + ": " + a.Text
		if a.Since > 0 {
			text += ", since " + when(a.Since)
		}
		line(colors[a.Severity], text)
		line("", "    "+a.Do)
	}
	if more := len(list) - maxAlarmsShown; more > 0 {
		line("", fmt.Sprintf("and %s more: zonecast status --json", count(more, "alarm")))
	}
}

// stagesOf are those that have a leader, and those that should.
func stagesOf(s pipelineStatus) []string {
	names := map[string]bool{}
	for name := range s.Leaders {
		names[name] = true
	}
	for _, a := range s.Alarms {
		if a.Name == alarm.NoLeader {
			names[a.Subject] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// heldBy lists the owners, the one that holds most before the others.
func heldBy(owners map[string]int) string {
	names := slices.Sorted(maps.Keys(owners))
	slices.SortStableFunc(names, func(a, b string) int { return owners[b] - owners[a] })
	for i, owner := range names {
		names[i] = fmt.Sprintf("%s %d", owner, owners[owner])
	}
	if len(names) == 0 {
		return ""
	}
	return " (held by " + strings.Join(names, ", ") + ")"
}

// moment prints text of Unix seconds as an age, with the date where there is room for it.
func (sc screen) moment(text string) string {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return text
	}
	age := sc.ago(n)
	if n > sc.now.Unix() {
		age = "in " + time.Unix(n, 0).Sub(sc.now).Truncate(time.Second).String()
	}
	if sc.width > 0 && sc.width < wide {
		return age
	}
	return when(n) + " (" + age + ")"
}

func (sc screen) ago(unix int64) string {
	return max(0, sc.now.Sub(time.Unix(unix, 0)).Truncate(time.Second)).String() + " ago"
}

// cut shortens a line to the terminal's width, in characters.
func (sc screen) cut(line string) string {
	if sc.width < 2 || utf8.RuneCountInString(line) <= sc.width {
		return line
	}
	return string([]rune(line)[:sc.width-1]) + "…"
}
