package pool

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// at is a member's contribution: "b" or "b order=2 weight=3".
func at(text string, st row.Standing) row.Contribution {
	f := strings.Fields(text)
	st.Limited, st.Weight = true, 1
	for _, w := range f[1:] {
		key, value, _ := strings.Cut(w, "=")
		n := 0
		_, _ = fmt.Sscan(value, &n)
		if key == "order" {
			st.Order = int64(n)
		} else {
			st.Weight = uint32(n)
		}
	}
	return row.Contribution{Module: "m", Entity: f[0], Sets: []zone.RRset{{Type: zone.TypeA, TTL: 60, Data: []zone.Rdata{zone.Rdata("\xc0\x00\x02" + f[0][:1])}}}, Standings: []row.Standing{st}}
}

// world is a name with one pool, from one commit to the next.
type world struct {
	st    row.Standing
	list  []row.Contribution
	pools []row.Pool
	owner string
	keeps int
}

// now sets who is present, and gives who is served: kept ones in parentheses.
func (w *world) now(members ...string) string {
	present := map[string]bool{}
	in := Input{Owner: w.owner, Old: w.pools, Keeps: func(string, zone.Type) int { return w.keeps }}
	for _, text := range slices.Sorted(slices.Values(members)) {
		c := at(text, w.st)
		present[c.Entity] = true
		in.Present = append(in.Present, c)
	}
	for _, c := range Present(w.list) {
		if !present[c.Entity] {
			in.Left = append(in.Left, c)
		}
	}
	w.list, w.pools = Settle(in)
	return served(w.list)
}

func served(list []row.Contribution) string {
	var out []string
	for _, c := range list {
		switch st := c.Standings[0]; {
		case st.State == row.Kept:
			out = append(out, "("+c.Entity+")")
		case st.Served():
			out = append(out, c.Entity)
		}
	}
	return strings.Join(out, " ")
}

func TestPools(t *testing.T) {
	t.Parallel()
	most := func(n uint32) row.Standing { return row.Standing{AtMost: n} }
	keep := func(n uint32) row.Standing { return row.Standing{KeepLast: n} }
	both := row.Standing{AtMost: 1, KeepLast: 1}
	sticky := row.Standing{AtMost: 1, Sticky: true, KeepLast: 1}
	for name, c := range map[string]struct {
		st    row.Standing
		steps []string // who is there, comma between members; who is served
	}{
		"order decides":            {most(2), []string{"a order=3,b order=2,c order=1", "b c", "a order=0,b order=2,c order=1", "a c"}},
		"fewer than at_most":       {most(3), []string{"a,b", "a b"}},
		"weight 0 is the last":     {most(2), []string{"a weight=0,b", "b", "a weight=0", "a", "a weight=0,b,c", "b c"}},
		"keep one":                 {keep(1), []string{"a,b", "a b", "a", "a", "", "(a)", "c", "c", "", "(c)"}},
		"keep two, the last":       {keep(2), []string{"a,b,c", "a b c", "a,b", "a b", "a", "a (b)", "", "(a) (b)", "d", "(a) d", "", "(a) (d)", "d,e,f", "d e f"}},
		"never had so many":        {keep(3), []string{"a", "a", "", "(a)", "b", "(a) b"}},
		"back before others":       {keep(1), []string{"a", "a", "", "(a)", "a", "a", "", "(a)", "b", "b"}},
		"the served one is kept":   {both, []string{"a order=2,b order=1", "b", "", "(b)", "", "(b)", "a order=9", "a"}},
		"standby takes its place":  {both, []string{"a order=1,b order=2", "a", "b order=2", "b", "", "(b)"}},
		"sticky stays":             {sticky, []string{"b order=2", "b", "a order=1,b order=2", "b", "a order=1", "a", "a order=1,b order=0", "a"}},
		"sticky but for weight 0":  {sticky, []string{"b", "b", "a,b", "b", "a,b weight=0", "a", "a,b", "a"}},
		"sticky and gone for good": {sticky, []string{"b", "b", "", "(b)", "a", "a", "a,b", "a"}},
		"sticky and back":          {sticky, []string{"b", "b", "", "(b)", "b", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{st: c.st, owner: "x.example.", keeps: math.MaxInt}
			for i := 0; i < len(c.steps); i += 2 {
				var members []string
				if c.steps[i] != "" {
					members = strings.Split(c.steps[i], ",")
				}
				if got := w.now(members...); got != c.steps[i+1] {
					t.Fatalf("step %d, %q: %q, want %q", i/2+1, c.steps[i], got, c.steps[i+1])
				}
				again, pools := Settle(Input{Owner: w.owner, Present: Present(w.list), Old: w.pools, Keeps: func(string, zone.Type) int { return math.MaxInt }})
				if !reflect.DeepEqual(again, w.list) || !reflect.DeepEqual(pools, w.pools) {
					t.Fatalf("step %d: settled again it is %v %v, not %v %v", i/2+1, again, pools, w.list, w.pools)
				}
			}
		})
	}
}

// What is kept goes when the module asks for less.
func TestKeptGoesWithItsModule(t *testing.T) {
	t.Parallel()
	w := &world{st: row.Standing{KeepLast: 2}, owner: "x.example.", keeps: math.MaxInt}
	w.now("a", "b")
	if got := w.now(); got != "(a) (b)" {
		t.Fatal(got)
	}
	w.keeps = 1
	if got := w.now(); got != "(a)" {
		t.Fatal(got)
	}
	w.keeps = 0
	if got := w.now(); got != "" || len(w.pools) != 0 {
		t.Fatal(got, w.pools)
	}
}

// One that comes or goes moves one other at most, and the choice is spread over the names by weight.
func TestChoiceMovesFewAndIsFair(t *testing.T) {
	t.Parallel()
	members := make([]string, 50)
	for i := range members {
		members[i] = fmt.Sprintf("m%02d", i)
	}
	members[7] += " weight=3"
	chosen := map[string]int{}
	for i := range 2000 {
		w := &world{st: row.Standing{AtMost: 5}, owner: fmt.Sprintf("x%d.example.", i), keeps: math.MaxInt}
		first := strings.Fields(w.now(members...))
		for _, e := range first {
			chosen[e]++
		}
		if i > 100 {
			continue
		}
		gone := i % 50
		then := strings.Fields(w.now(slices.Delete(slices.Clone(members), gone, gone+1)...))
		moved := 0
		for _, e := range first {
			if !slices.Contains(then, e) {
				moved++
			}
		}
		if was := slices.Contains(first, fmt.Sprintf("m%02d", gone)); moved > 1 || moved == 1 && !was {
			t.Fatalf("%v without m%02d is %v", first, gone, then)
		}
	}
	for e, n := range chosen {
		want := 2000 * 5 / 52.0
		if e == "m07" {
			want *= 2.8 // not quite three: nobody is drawn twice
		}
		if math.Abs(float64(n)-want) > want/3 {
			t.Errorf("%s is chosen %d times, want about %.0f", e, n, want)
		}
	}
}

// Modules choose each for itself, other types at the name are left alone, and what no pool limits is served.
func TestPoolsAtOneName(t *testing.T) {
	t.Parallel()
	one := row.Standing{Limited: true, AtMost: 1, KeepLast: 1, Weight: 1}
	a := zone.RRset{Type: zone.TypeA, TTL: 60, Data: []zone.Rdata{"\xc0\x00\x02\x01"}}
	txt := zone.RRset{Type: zone.TypeTXT, TTL: 60, Data: []zone.Rdata{"\x01x"}}
	both := func(module, entity string) row.Contribution {
		return row.Contribution{Module: module, Entity: entity, Sets: []zone.RRset{a, txt}, Standings: []row.Standing{one, {}}}
	}
	list := []row.Contribution{both("m", "a"), both("m", "b"), both("o", "a"), {Module: "o", Entity: "c", Sets: []zone.RRset{a}}}
	keeps := func(string, zone.Type) int { return 1 }
	got, pools := Settle(Input{Owner: "x.example.", Present: list, Keeps: keeps})
	count := map[row.State]int{}
	for _, c := range got {
		for i, s := range c.Standings {
			if count[s.State]++; c.Sets[i].Type == zone.TypeTXT && s != (row.Standing{}) {
				t.Fatalf("%v", c)
			}
		}
	}
	if count[row.Standby] != 1 || len(pools) != 0 {
		t.Fatal(got, pools)
	}
	// both lose their A and keep their TXT
	left := slices.Clone(got[:2])
	for i := range left {
		list[i] = row.Contribution{Module: "m", Entity: left[i].Entity, Sets: []zone.RRset{txt}}
	}
	got, pools = Settle(Input{Owner: "x.example.", Present: list, Left: left, Keeps: keeps})
	if len(pools) != 1 || len(pools[0].Kept) != 1 || len(got) != 4 {
		t.Fatal(got, pools)
	}
	for _, c := range got[:2] {
		if kept := c.Entity == pools[0].Kept[0].Entity; kept != (len(c.Sets) == 2) || kept && (c.Sets[0].Type != zone.TypeA || c.Standings[0].State != row.Kept) {
			t.Fatalf("%+v", c)
		}
	}
	if back := Present(got); !reflect.DeepEqual(back, list) {
		t.Fatalf("%+v, want %+v", back, list)
	}
}
