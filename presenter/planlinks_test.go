package presenter

import (
	"testing"

	"zonecast/internal/plan"
)

// After a takeover a plan knows which files name others: texts that are loaded already are left out of a question, and still count.
func TestPlanAfterATakeoverKnowsIncludes(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	const zoneText, before, after = "www: !include common/www.yaml\n", "- type: A\n  value: 192.0.2.1\n", "# moved\n- type: A\n  value: 192.0.2.2\n"
	apex := "'': {type: NS, value: ns.example.net.}\n" + zoneText
	r.push("c1", true, "example.com.yaml", apex, "common/www.yaml", before)
	r.serves("www.example.com.", "3600 A 192.0.2.1")
	r.stop()
	r.start()
	r.serves("www.example.com.", "3600 A 192.0.2.1")
	r.settled()
	known := fileOf("example.com.yaml", apex)
	known.Data = nil
	changes, end := r.ask(plan.Ask{Commit: "c2", Prefix: "zones/", Files: []plan.File{known, fileOf("common/www.yaml", after)}})
	if len(changes) != 1 || changes[0].Name.String() != "www.example.com." || len(end.Stopped) != 0 {
		t.Fatalf("%+v, stopped %+v", changes, end.Stopped)
	}
	for when, c := range map[string]struct {
		causes []plan.Cause
		line   int
	}{"before": {changes[0].Sets[0].Was, 1}, "after": {changes[0].Sets[0].Causes, 2}} {
		if len(c.causes) != 1 || c.causes[0].Origin.File != "common/www.yaml" || c.causes[0].Line != c.line {
			t.Errorf("%s: %+v", when, c.causes)
		}
	}
}
