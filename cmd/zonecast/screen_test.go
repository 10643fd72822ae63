package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"zonecast/internal/alarm"
	"zonecast/internal/fleet"
	"zonecast/internal/leader"
	"zonecast/internal/table"
)

func someStatus(now time.Time) pipelineStatus {
	at := now.Unix()
	return pipelineStatus{
		Stream:  "stable",
		Head:    map[string]string{"version": "1795000184", "epoch": "1", "released": fmt.Sprint(at - 30), "as-of": fmt.Sprint(at - 3), "expires": fmt.Sprint(at + 86400)},
		Leaders: map[string]leader.Info{"presenter": {Instance: "one", URL: "http://192.0.2.1:5380"}},
		Tables:  map[string]table.Head{"presented": {Rows: 7, AsOf: at - 3}, "zones": {Rows: 4}},
		Sources: map[string]int64{"main": at - 3, "lab": 0},
		Held:    4, HeldBy: map[string]int{"presenter": 1, "rules.main": 3},
		Alarms: []alarm.Alarm{},
		Proxies: fleet.Summary{Known: 10_003, Alive: 10_000, Gone: 3, Lagging: 12, LagAfter: 60, States: map[fleet.State]int{fleet.Fresh: 9_999, fleet.Stale: 1},
			Versions: make([]fleet.Versions, 20)},
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_795_000_300, 0)
	s := someStatus(now)
	got := screenOf(now, 0, false).render(s)
	for _, want := range []string{"no alarms\n", "stream stable: version 1795000184, epoch 1, released 2026-11-18T", "expires 2026-11-19T", "(in 24h0m0s)",
		"leader presenter        one http://192.0.2.1:5380\n", "source lab              has given nothing yet\n", "source main             as of 3s ago\n",
		"table  presented        7 rows, as of 3s ago\n", "table  zones            4 rows\n", "10003 proxies: 10000 alive, 3 gone\n", "9999 fresh, 1 stale; 12 lag by more than 1m0s", "  and 15 versions more\n", "held 4, conflicts 0 (held by rules.main 3, presenter 1)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Error("colours where there is no terminal")
	}
	for i := range 20 {
		severity := alarm.Warning
		if i == 0 {
			severity = alarm.Critical
		}
		s.Alarms = append(s.Alarms, alarm.Alarm{Name: alarm.NoLeader, Severity: severity, Subject: fmt.Sprintf("rules.s%02d", i), Text: strings.Repeat("é", 300), Do: "start one"})
	}
	got = screen{now: now, width: 40, color: true}.render(s)
	if !strings.HasPrefix(got, red+"CRITICAL ZonecastStageWithoutLeader: ") || !strings.Contains(got, yellow+"WARNING") || !strings.Contains(got, "and 8 alarms more") ||
		!strings.Contains(got, "leader rules.s19        nobody\n") {
		t.Errorf("%s", got)
	}
	for line := range strings.Lines(got) {
		line = strings.NewReplacer(red, "", yellow, "", plain, "", "\n", "").Replace(line)
		if n := utf8.RuneCountInString(line); n > 40 {
			t.Errorf("%d characters on a terminal of 40: %s", n, line)
		}
	}
}

func TestScreenBeforeAnything(t *testing.T) {
	t.Parallel()
	if got := screenOf(time.Now(), 0, false).render(pipelineStatus{Stream: "stable"}); got != "no alarms\nstream stable: nothing released yet\n0 proxies: 0 alive, 0 gone\nheld 0, conflicts 0\n" {
		t.Error(got)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for want, severities := range map[int][]string{0: {alarm.Info}, 1: {alarm.Warning, alarm.Info}, 2: {alarm.Warning, alarm.Critical}} {
		var s pipelineStatus
		for _, severity := range severities {
			s.Alarms = append(s.Alarms, alarm.Alarm{Severity: severity})
		}
		if got := s.verdict(); got != want {
			t.Errorf("%v: %d, want %d", severities, got, want)
		}
	}
}

// A picture is drawn over the one before, and does not scroll the terminal.
func TestInPlace(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("line\n", 30)
	got := inPlace(text, 10, false)
	if !strings.HasPrefix(got, "\x1b[Hline\x1b[K\n") || strings.Count(got, "\n") != 9 || !strings.Contains(got, "… 22 more lines") || !strings.HasSuffix(got, "\x1b[J") {
		t.Errorf("%q", got)
	}
	if got := inPlace("one\n", 10, true); got != "\x1b[2J\x1b[Hone\x1b[K\n\x1b[J" {
		t.Errorf("%q", got)
	}
}

// Without a terminal pictures are appended; a pipeline that is away is said, and shown again when it is back.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		asked := 0
		v := viewer{out: &out, ask: func(context.Context) (pipelineStatus, error) {
			if asked++; asked == 2 {
				return pipelineStatus{}, errors.New("nothing answers")
			}
			return pipelineStatus{Stream: "stable"}, nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- v.watch(ctx, 2*time.Second) }()
		time.Sleep(5 * time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		pictures := strings.Split(out.String(), "\n\n")
		if asked != 3 || len(pictures) != 3 || !strings.Contains(pictures[1], "nothing answers") || !strings.Contains(pictures[2], "nothing released yet") {
			t.Errorf("%d times: %q", asked, out.String())
		}
	})
}
