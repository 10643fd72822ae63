package main

import (
	"fmt"
	"testing"

	"zonecast/internal/zone"
)

func TestProgramDownIsOneProblem(t *testing.T) {
	t.Parallel()
	u := unanswered{}
	var list []zone.Problem
	for _, file := range []string{"a.yaml", "b.yaml", "a.yaml", "a.yaml"} {
		if p := (zone.Problem{File: file, Check: "process-down", Text: "it ended"}); u.count(p) {
			list = append(list, p)
		}
	}
	list = append(list, zone.Problem{File: "a.yaml", Check: "eval", Text: "other"})
	u.tell(list)
	if got := fmt.Sprint(list[0].Text, ", ", list[1].Text, ", ", list[2].Text, len(list)); got != "it ended; so for 2 more, it ended, other3" {
		t.Error(got)
	}
}
