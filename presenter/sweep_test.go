package presenter

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/table"
)

// rows are all rows of a table as they are now.
func (r *rig) rows(name string) map[string]string {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, name)
	if err != nil {
		r.t.Fatal(err)
	}
	rows := map[string]string{}
	for key, value := range v.All() {
		rows[key] = string(value)
	}
	return rows
}

// What changed while nobody led is found beside the loop, with all that depends on it: names below a delegation that
// came or went, what is held and what is not any more, names that are gone.
func TestSweepFindsWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small+"db:\n  type: A\n  value: 192.0.2.77\n")
	r.generate("a.example.com. A 192.0.2.1", "gone.example.com. A 192.0.2.2", "x.cut.example.com. A 192.0.2.3", "bad.example.com. A nonsense",
		"b.sub.example.com. A 192.0.2.4", "sub.example.com. NS ns1.example.com.", "db.example.com. A 192.0.2.78", "same.example.com. A 192.0.2.5")
	r.serves("a.example.com.", "300 A 192.0.2.1")
	r.serves("b.sub.example.com.", "")
	r.stop()
	r.generate("a.example.com. A 192.0.2.9", "gone.example.com.", "cut.example.com. NS ns1.example.com.", "bad.example.com. A 192.0.2.10",
		"worse.example.com. A nonsense", "sub.example.com.", "new.example.com. A 192.0.2.11")
	r.start()
	r.generate("late.example.com. A 192.0.2.12")
	for name, want := range map[string]string{
		"a.example.com.": "300 A 192.0.2.9", "gone.example.com.": "", "x.cut.example.com.": "", "bad.example.com.": "300 A 192.0.2.10",
		"b.sub.example.com.": "300 A 192.0.2.4", "db.example.com.": "3600 A 192.0.2.77", "same.example.com.": "300 A 192.0.2.5",
		"new.example.com.": "300 A 192.0.2.11", "late.example.com.": "300 A 192.0.2.12",
	} {
		r.serves(name, want)
	}
	if h := r.held()["bad-rdata"]; len(r.rows("held.presenter")) != 1 || h.Subject != "worse.example.com. A" {
		t.Errorf("held: %+v", r.rows("held.presenter"))
	}
	if c := r.rows("conflicts"); len(c) != 1 || c["db.example.com."] == "" {
		t.Errorf("conflicts: %v", c)
	}
}

// P1: a start that compares beside the loop comes to what one comes to that compares first.
func TestSweepIsFullComparison(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 11))
	data := []string{"A 192.0.2.1", "A 192.0.2.2", "NS ns1.example.com.", "DNAME example.org.", "CNAME a.example.com.", "A nonsense", "AAAA 2001:db8::1"}
	one, two := newRig(t, nil), newRig(t, nil)
	rigs := []*rig{one, two}
	two.sweepFrom = 1 << 40
	for _, r := range rigs {
		r.push("c1", true, "example.com.yaml", small+"a:\n  type: A\n  value: 192.0.2.77\n  zonecast: {mode: merge}\n")
	}
	for round := range 12 {
		var lines []string
		for range 6 {
			owner := fmt.Sprintf("%c.example.com.", 'a'+random.IntN(4))
			if random.IntN(2) == 0 {
				owner = fmt.Sprintf("%c.%s", 'a'+random.IntN(3), owner)
			}
			if line := owner + " " + data[random.IntN(len(data))]; random.IntN(4) > 0 {
				lines = append(lines, line)
			} else {
				lines = append(lines, owner)
			}
		}
		for _, r := range rigs {
			r.stop()
			r.generate(lines...)
			r.start()
			r.generate(fmt.Sprintf("mark.example.com. A 192.0.2.%d", 100+round))
			r.serves("mark.example.com.", fmt.Sprintf("300 A 192.0.2.%d", 100+round))
		}
		if a, b := one.rows("presented"), two.rows("presented"); !maps.Equal(a, b) {
			for key := range a {
				if a[key] != b[key] {
					x, _ := row.DecodePresented([]byte(a[key]))
					y, _ := row.DecodePresented([]byte(b[key]))
					t.Logf("%s\nbeside %+v\nfirst  %+v", key, x, y)
				}
			}
			t.Fatalf("round %d: after %q the two differ", round, lines)
		}
		if a, b := one.held(), two.held(); len(a) != len(b) {
			t.Fatalf("round %d: held %v and %v", round, a, b)
		}
	}
}
