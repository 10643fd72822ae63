package presenter

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/store"
	"zonecast/internal/table"
)

// anew takes the table of the rules service away and opens another of that name, empty: what a service with another
// store behind it, or one whose tables were lost, looks like.
func (r *rig) anew() {
	r.t.Helper()
	r.rub("/tables/generated.main")
	var err error
	if r.gen, err = table.OpenWriter(r.t.Context(), r.st, "generated.main", table.Options{Instance: "rules"}); err != nil {
		r.t.Fatal(err)
	}
	tx := r.gen.Begin()
	tx.SetAsOf(time.Now())
	if err := table.Commit(r.t.Context(), tx); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) rub(path string) {
	r.t.Helper()
	children, err := r.st.Children(r.t.Context(), path)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		r.t.Fatal(err)
	}
	for _, c := range children {
		r.rub(path + "/" + c)
	}
	if err := r.st.Multi(r.t.Context(), store.Delete(path, store.AnyVersion)); err != nil && !errors.Is(err, store.ErrNotFound) {
		r.t.Fatal(err)
	}
}

// fleet is n names of the source.
func fleet(n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("h%d.example.com. A 192.0.2.%d", i, i))
	}
	return lines
}

// waitHeld waits until exactly these checks are held, and gives the id of the first.
func (r *rig) waitHeld(checks ...string) string {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		held := r.held()
		var got []string
		for check := range held {
			got = append(got, check)
		}
		if slices.Sort(got); slices.Equal(got, checks) {
			if len(checks) == 0 {
				return ""
			}
			return held[checks[0]].ID
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("held %v, want %v", got, checks)
		}
	}
}

// names counts what is presented of the fleet.
func (r *rig) names() (n int) {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, "presented")
	if err != nil {
		r.t.Fatal(err)
	}
	for key := range v.All() {
		if strings.HasPrefix(key, "h") {
			n++
		}
	}
	return n
}

// A rules service that starts empty takes nothing away (P2): its source is held, and released, or comes back by itself.
func TestP2SourceThatStartsEmpty(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		for _, after := range []string{"it fills up again", "it is released"} {
			t.Run(fmt.Sprintf("%s, restart %v", after, restart), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, nil)
				r.push("c1", true, "example.com.yaml", small)
				r.generate(fleet(40)...)
				r.serves("h39.example.com.", "300 A 192.0.2.39")
				if restart {
					r.stop()
				}
				r.anew()
				if restart {
					r.start()
				}
				id := r.waitHeld(checkEmptied)
				h := r.held()[checkEmptied]
				if !h.CanFree || h.Subject != "main" || !strings.Contains(h.Cause, "0 names, and 40 of its names") || !strings.Contains(h.Effect, "40 of 40 names") {
					t.Errorf("%+v", h)
				}
				r.push("c2", true, "example.com.yaml", small+"later:\n  type: A\n  value: 192.0.2.9\n") // the rest goes on
				if r.names() != 40 {
					t.Fatalf("%d names are left", r.names())
				}
				if after == "it is released" {
					if code := r.call("POST", "/v1/stages/presenter/held/"+id+"/release", why, nil); code != http.StatusOK {
						t.Fatalf("release: %d", code)
					}
					r.serves("h39.example.com.", "")
					r.serves("later.example.com.", "3600 A 192.0.2.9")
					r.start()
					r.waitHeld()
					return
				}
				r.generate(fleet(10)...) // not yet
				r.waitHeld(checkEmptied)
				if r.names() != 40 {
					t.Fatalf("%d names are left", r.names())
				}
				r.generate(fleet(38)...)
				r.waitHeld()
				r.serves("h37.example.com.", "300 A 192.0.2.37")
				r.serves("h38.example.com.", "") // two of forty may go
			})
		}
	}
}

// A source that is configured no more, or under another name, keeps its records until somebody lets them go (P2); the
// other sources' as-of moves on.
func TestP2SourceOutOfTheConfig(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	r.generate(fleet(3)...)
	r.serves("h2.example.com.", "300 A 192.0.2.2")
	r.stop()
	r.cfg.Sources = []string{"fleet"}
	r.start()
	id := r.waitHeld(checkRemoved)
	if n := r.names(); n != 3 {
		t.Fatalf("%d names are left", n)
	}
	r.start()
	if again := r.waitHeld(checkRemoved); again != id {
		t.Errorf("held as %s, after a restart as %s", id, again)
	}
	if code := r.call("POST", "/v1/stages/presenter/held/"+id+"/release", why, nil); code != http.StatusOK {
		t.Fatalf("release: %d", code)
	}
	if n := r.names(); n != 0 {
		t.Errorf("%d names are left after the release", n)
	}
	r.start()
	r.waitHeld()
}

// What events deleted one by one is gone, also when nothing is left and the presenter was away meanwhile; and a source
// that never gave anything claims nothing.
func TestDeletedIsNotEmptied(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.Sources = []string{"main", "new"} })
	r.push("c1", true, "example.com.yaml", small)
	r.generate(fleet(2)...)
	r.stop()
	r.start()
	r.generate("h0.example.com.")
	r.stop()
	r.generate("h1.example.com.")
	r.start()
	for deadline := time.Now().Add(time.Minute); r.names() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d names are left, held %v", r.names(), r.held())
		}
	}
	r.waitHeld()
}
