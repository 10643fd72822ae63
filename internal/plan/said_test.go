package plan

import (
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func TestWrote(t *testing.T) {
	t.Parallel()
	one := row.HumanRecord{Zone: name(t, "example."), File: "example.yaml", Commit: "c1", Set: zone.RRset{Type: zone.TypeA, TTL: 300}}
	other := one
	other.Set.TTL = 60
	moved := one
	moved.File, moved.Commit, moved.Author = "example/www.yaml", "c2", "ana@example.com"
	none := []row.HumanRecord(nil)
	for title, c := range map[string]struct {
		before, after, now []row.HumanRecord
		want               bool
	}{
		"nobody wrote":            {none, none, none, true},
		"somebody wrote since":    {none, none, []row.HumanRecord{one}, false},
		"as before":               {[]row.HumanRecord{one}, none, []row.HumanRecord{one}, true},
		"in another file":         {[]row.HumanRecord{one}, none, []row.HumanRecord{moved}, true},
		"in another order":        {[]row.HumanRecord{one, other}, none, []row.HumanRecord{other, one}, true},
		"as the plan has it":      {[]row.HumanRecord{one}, []row.HumanRecord{other}, []row.HumanRecord{other}, true},
		"taken away by the plan":  {[]row.HumanRecord{one}, none, none, true},
		"brought by the plan":     {none, []row.HumanRecord{one}, []row.HumanRecord{one}, true},
		"taken away since":        {[]row.HumanRecord{one}, []row.HumanRecord{other}, none, false},
		"written otherwise since": {[]row.HumanRecord{one}, []row.HumanRecord{one}, []row.HumanRecord{other}, false},
		"one more since":          {[]row.HumanRecord{one}, []row.HumanRecord{one}, []row.HumanRecord{one, other}, false},
	} {
		change := Change{Written: Written(c.before, c.after, [][]byte{[]byte("place")})}
		if got := change.Wrote(c.now); got != c.want {
			t.Errorf("%s: %v, written %s", title, got, change.Written)
		}
	}
}
