package main

import (
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/policy"
	"zonecast/internal/zone"
	"zonecast/publisher"
)

// A policy that would be held does not take the place of the one that goes on judging.
func TestAHeldPolicyJudgesNoPlan(t *testing.T) {
	t.Parallel()
	const rule = "policy:\n  - {name: nothing, when: 'change == \"created\"', message: nay}\n"
	for title, c := range map[string]struct {
		text string
		want int
	}{
		"good":          {"policy: []\n", 0},
		"does not load": {"policy: 7\n", 1},
		"fails a test":  {"policy:\n  - {name: none, when: 'false', message: nay, tests: [{given: {}, expect: violated}]}\n", 1},
	} {
		pl := planning{source: "main", said: func(string) {}, rules: newFolder(checkout.Set{Files: []checkout.File{{Path: policy.File, Data: []byte(c.text)}}})}
		p := plan.Compose(plan.Parts{Changes: []plan.Change{{Name: "\x03www\x07example\x00", Zone: "\x07example\x00", Kind: plan.Created,
			Sets: []plan.SetChange{{Type: zone.TypeA, After: &zone.RRset{Type: zone.TypeA, TTL: 60}}}}}})
		pl.judge(p, publisher.Now{Gates: publisher.Gates{Created: 10}, Policies: map[string]string{"main": rule}})
		if got := len(p.Stopped); got != c.want {
			t.Errorf("%s: %d stops: %v", title, got, p.Stopped)
		}
	}
}
