package inventory

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ask is an entity's demand of role zk: "a" any number, "a=2" a pin, "-a" that it is gone, "~a" that it is there and has the role
// no more, "?a" that its modules cannot be asked.
func ask(text string, grace int64) Demand {
	if entity, gone := strings.CutPrefix(text, "-"); gone {
		return Demand{Entity: entity, Gone: true}
	}
	if entity, left := strings.CutPrefix(text, "~"); left {
		return Demand{Entity: entity}
	}
	if entity, unknown := strings.CutPrefix(text, "?"); unknown {
		return Demand{Entity: entity, Unknown: true}
	}
	d := Demand{Claims: []Claim{{"zk", grace}}}
	var pin string
	d.Entity, pin, _ = strings.Cut(text, "=")
	if pin != "" {
		n := 0
		_, _ = fmt.Sscan(pin, &n)
		d.Pins = map[string]int{"zk": n}
	}
	return d
}

func none(string) bool { return false }

// numbersOf prints who has which number: "a1 b2 c!" where c has none.
func numbersOf(s *Numbers) string {
	var out []string
	for entity := range s.of {
		if n := s.Of(entity, []Claim{{Role: "zk"}})["zk"]; s.roles["zk"].of[entity].Until != 0 {
			out = append(out, fmt.Sprintf("%s(%d)", entity, n.N))
		} else if n.Err != nil {
			out = append(out, entity+"!")
		} else {
			out = append(out, fmt.Sprint(entity, n.N))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// Each step is one commit: what is asked, and who has which number then. Time goes on by 10 seconds a step, the grace is
// 15 where the case has none.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace int64
		steps []string
	}{
		"in order":                    {15, []string{"c b a", "a3 b2 c1"}},
		"stay":                        {15, []string{"a b c", "a1 b2 c3", "c a", "a1 b2 c3"}},
		"wait for their entity":       {15, []string{"a b c", "a1 b2 c3", "-b d", "a1 b(2) c3 d4", "b", "a1 b2 c3 d4"}},
		"are given back":              {15, []string{"a b c", "a1 b2 c3", "-b", "a1 b(2) c3", "", "a1 b(2) c3", "d", "a1 c3 d2"}},
		"are given back at once":      {0, []string{"a b c", "a1 b2 c3", "-c", "a1 b2", "d", "a1 b2 d3"}},
		"first who leaves":            {0, []string{"a b", "a1 b2", "c -a", "b2 c1"}},
		"pins first":                  {15, []string{"a b=1 c=7", "a2 b1 c7"}},
		"pin wins":                    {15, []string{"a b", "a1 b2", "c=1", "a3 b2 c1"}},
		"pin wins over who left":      {15, []string{"a b", "a1 b2", "-a", "a(1) b2", "c=1", "b2 c1", "a", "a3 b2 c1"}},
		"pin that is there already":   {15, []string{"a b", "a1 b2", "b=2", "a1 b2", "c=2", "a1 b2 c!"}},
		"of two pins the first":       {15, []string{"a=1 b=1", "a1 b!", "-a", "b1"}},
		"pin waits with its number":   {15, []string{"a=1 b", "a1 b2", "b=1", "a1 b!", "b", "a1 b2"}},
		"pin that moves frees":        {15, []string{"a=1 b=1", "a1 b!", "a=2", "a2 b1"}},
		"pins that change places":     {15, []string{"a=1 b=2", "a1 b2", "a=2 b=1", "a2 b1"}},
		"without its pin it stays":    {15, []string{"a=5", "a5", "a", "a5"}},
		"there still: by the next":    {0, []string{"a b", "a1 b2", "~a c", "a(1) b2 c3", "d", "b2 c3 d1"}},
		"pin waits for who stays":     {15, []string{"S b", "S1 b2", "c=1", "S1 b2 c!", "b", "S1 b2 c!", "S", "S3 b2 c1"}},
		"pin waits while none knows":  {15, []string{"a b", "a1 b2", "?a c=1", "a1 b2 c!", "a", "a3 b2 c1"}},
		"who lost it gets the lowest": {0, []string{"a b c", "a1 b2 c3", "-b", "a1 c3", "d=3", "a1 c2 d3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, now := NewNumbers(), int64(1000)
			for i := 0; i < len(c.steps); i += 2 {
				var list []Demand
				for _, text := range strings.Fields(c.steps[i]) {
					list = append(list, ask(text, c.grace))
				}
				s.Expire(now)
				s.Settle(list, now, func(entity string) bool { return entity == "S" })
				if got := numbersOf(s); got != c.steps[i+1] {
					t.Errorf("step %d, %s: %s, want %s", i/2+1, c.steps[i], got, c.steps[i+1])
				}
				s = reload(t, s)
				now += 10
			}
		})
	}
}

// reload is what a new leader reads.
func reload(t interface{ Fatal(...any) }, s *Numbers) *Numbers {
	again := NewNumbers()
	for role, r := range s.roles {
		if len(r.members) > 0 {
			if err := again.Load(role, r.encode()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return again
}

// Whatever happens: nobody shares a number, who has a role has a number unless another's pin is on the one it asks for, pins
// count, but for the number of one whose last good records stay, nobody is renumbered unheard, and the rows say all.
func TestNumbersProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, now := NewNumbers(), int64(1000)
		asked := map[string]Demand{}
		had := map[string]int{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now += rapid.Int64Range(0, 20).Draw(t, "wait")
			var list []Demand
			for _, entity := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}), 0, 4, rapid.ID[string]).Draw(t, "entities") {
				d := Demand{Entity: entity, Gone: rapid.Bool().Draw(t, "deleted")}
				if rapid.IntRange(0, 2).Draw(t, "gone") > 0 {
					d.Gone, d.Claims = false, []Claim{{"zk", rapid.SampledFrom([]int64{0, 5, 30}).Draw(t, "grace")}}
					if pin := rapid.IntRange(-5, 5).Draw(t, "pin"); pin > 0 {
						d.Pins = map[string]int{"zk": pin}
					}
				}
				list = append(list, d)
				asked[entity] = d
			}
			s.Expire(now)
			stays := 0 // e's number, where it may not be taken
			if r := s.roles["zk"]; r != nil && r.of["e"] != nil && !r.of["e"].waits() && r.of["e"].Until == 0 && !slices.ContainsFunc(list, func(d Demand) bool { return d.Entity == "e" }) {
				stays = r.of["e"].N
			}
			others := s.Settle(list, now, func(entity string) bool { return entity == "e" })
			if stays != 0 && (s.roles["zk"].of["e"] == nil || s.roles["zk"].of["e"].N != stays) {
				t.Fatal("e, whose last good records stay, lost its number")
			}
			holder := map[int]string{}
			if r := s.roles["zk"]; r != nil {
				for _, m := range r.members {
					if m.N != 0 && holder[m.N] != "" {
						t.Fatalf("%s and %s have number %d", holder[m.N], m.Entity, m.N)
					}
					holder[m.N] = m.Entity
				}
			}
			has := map[string]int{}
			for entity, d := range asked {
				if len(d.Claims) == 0 {
					continue
				}
				n := s.Of(entity, d.Claims)["zk"]
				pin := d.Pins["zk"]
				switch {
				case n.Err != nil && (pin == 0 || holder[pin] == "" || asked[holder[pin]].Pins["zk"] != pin && holder[pin] != "e"):
					t.Fatalf("%s has no number: %v", entity, n.Err)
				case n.Err == nil && (n.N < 1 || pin != 0 && n.N != pin):
					t.Fatalf("%s has %d, pinned %d", entity, n.N, pin)
				}
				if has[entity] = n.N; had[entity] != n.N && !slices.Contains(others, entity) && !slices.ContainsFunc(list, func(d Demand) bool { return d.Entity == entity }) {
					t.Fatalf("%s has %d instead of %d, and nobody was told", entity, n.N, had[entity])
				}
			}
			had = has
			again := reload(t, s)
			if numbersOf(again) != numbersOf(s) || !maps.EqualFunc(again.of, s.of, slices.Equal) {
				t.Fatalf("%s comes back as %s", numbersOf(s), numbersOf(again))
			}
			if rapid.Bool().Draw(t, "restart") {
				s = again
			}
		}
	})
}

// A role takes no more than its row can hold, and a source no more roles than are allowed (P9).
func TestNumbersAreBounded(t *testing.T) {
	t.Parallel()
	s := NewNumbers()
	var list []Demand
	for i := range 6000 {
		list = append(list, ask(fmt.Sprintf("server/regionserver%05d", i), 60))
	}
	s.Settle(list, 1, none)
	row := s.Changed()["zk"]
	if _, members := s.Roles(); members < 2500 || members > 5999 || len(row) > maxRoleRow {
		t.Fatalf("%d members, %d octets", members, len(row))
	}
	var full *NumberError
	if n := s.Of("server/regionserver05999", list[0].Claims)["zk"]; !errors.As(n.Err, &full) || full.Check != "role-full" {
		t.Fatal(n)
	}
	if s.Room() {
		t.Error("room in a full role")
	}
	for _, again := range []*Numbers{s, reload(t, s)} {
		again.Settle([]Demand{{Entity: "server/regionserver00001", Gone: true}}, 1, none)
		again.Expire(100)
		if !again.Room() || again.Room() {
			t.Error("there is room once")
		}
	}
	list = nil
	for i := range maxRoles + 1 {
		list = append(list, Demand{Entity: "a", Claims: []Claim{{Role: fmt.Sprint("r", i)}}})
	}
	s = NewNumbers()
	s.Settle(list[:1], 1, none)
	many := Demand{Entity: "b"}
	for _, d := range list {
		many.Claims = append(many.Claims, d.Claims...)
	}
	s.Settle([]Demand{many}, 1, none)
	if roles, _ := s.Roles(); roles != maxRoles {
		t.Fatal(roles)
	}
}

func TestRoleRows(t *testing.T) {
	t.Parallel()
	r := newRole("zk")
	r.add(&Member{Entity: "server/a", N: 3, Pin: 3, Grace: 60})
	r.add(&Member{Entity: "server/b", Grace: 5, Until: 77, N: 1})
	good := r.encode()
	members, err := DecodeRole(good)
	if want := []Member{*r.members[0], *r.members[1]}; err != nil || !reflect.DeepEqual(members, want) {
		t.Fatal(members, err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "format": {9, 0}, "cut": good[:len(good)-1], "more": append(slices.Clone(good), 1)} {
		if _, err := DecodeRole(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := newRole("zk")
	twice.add(&Member{Entity: "server/a", N: 3})
	twice.add(&Member{Entity: "server/b", N: 3})
	if err := NewNumbers().Load("zk", twice.encode()); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}
