package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zonecast/internal/inventory"
)

const numberedKinds = `kinds:
  server:
    hostname: label
    ipv4: ipv4
    state: {enum: [up, down]}
    roles: {list: label, optional: true}
    numbers: {list: {of: label, number: int}, optional: true}
`

const numberedYAML = `module: numbered
kind: server
when: 'state == "up"'
records:
  - each: roles
    when: 'it startsWith "zk"'
    number: {of: it, grace: 0}
    name: '{it}-{n}.prod.example.'
    type: A
    value: '{ipv4}'
`

func newNumberedWorld(t testing.TB) *world {
	return newWorld(t, func(c *Config) {
		for name, text := range map[string]string{"kinds.yaml": numberedKinds, "servers.yaml": numberedYAML} {
			if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// member is a put of a server with roles, and with pins as role=number.
func member(id string, last int, state string, roles string, pins ...string) string {
	var list, numbers []string
	for _, r := range strings.Fields(roles) {
		list = append(list, fmt.Sprintf("%q", r))
	}
	for _, p := range pins {
		role, n, _ := strings.Cut(p, "=")
		numbers = append(numbers, fmt.Sprintf(`{"of":%q,"number":%s}`, role, n))
	}
	return fmt.Sprintf(`{"op":"put","kind":"server","id":%q,"attrs":{"hostname":%q,"ipv4":"192.0.2.%d","state":%q,"roles":[%s],"numbers":[%s]}}`,
		id, id, last, state, strings.Join(list, ","), strings.Join(numbers, ","))
}

func gone(id string) string { return fmt.Sprintf(`{"op":"delete","kind":"server","id":%q}`, id) }

// who says which entity has which name: "zk-1=a zk-2=b".
func (w *world) who(prefix string) string {
	w.t.Helper()
	var out []string
	for i := range 20 {
		owner := fmt.Sprintf("%s-%d.prod.example.", prefix, i)
		for line := range strings.Lines(w.generated()[owner]) {
			entity := strings.Fields(line)[1]
			out = append(out, fmt.Sprintf("%d=%s", i, strings.TrimSuffix(strings.TrimPrefix(entity, "server/"), ":")))
		}
	}
	return strings.Join(out, " ")
}

func TestNumbersStick(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	want := func(step, want string) {
		t.Helper()
		if got := w.who("zk"); got != want {
			t.Fatalf("%s: %s, want %s", step, got, want)
		}
	}
	w.post(member("c", 3, "up", "zk"), member("a", 1, "up", "zk"), member("b", 2, "up", "zk web"))
	want("in order of arrival", "1=c 2=a 3=b")
	w.post(member("a", 9, "up", "zk"))
	want("another address", "1=c 2=a 3=b")
	w.restart()
	w.post(gone("a"), member("d", 4, "up", "zk"))
	want("the lowest free", "1=c 2=d 3=b")
	w.post(member("e", 5, "up", "zk", "zk=3"))
	want("a pin wins", "1=c 2=d 3=e 4=b")
	if a := w.post(member("f", 6, "up", "zk", "zk=3"))[0]; a.Status != "held" || !strings.Contains(a.Reason, "number 3 of role \"zk\" is pinned by server/e too") {
		t.Fatalf("%+v", a)
	}
	if _, held := w.heldCheck("number-taken"); !held {
		t.Fatalf("%v", w.held())
	}
	w.restart()
	want("two pins", "1=c 2=d 3=e 4=b")
	w.post(member("e", 5, "down", "zk", "zk=3"))
	want("the pin is free", "1=c 2=d 3=f 4=b")
	if h := w.held(); len(h) != 0 {
		t.Fatalf("%v", h)
	}
	if a := w.post(member("g", 7, "up", "zk", "zk=0"))[0]; a.Status != "held" || !strings.Contains(a.Reason, "[bad-number]") {
		t.Fatalf("%+v", a)
	}
	if _, ok := w.table("inventory.main")["@number/zk"]; !ok {
		t.Fatal("the inventory has no row of the role")
	}
	w.post(gone("b"), gone("c"), gone("d"), gone("f"))
	if _, ok := w.table("inventory.main")["@number/zk"]; ok {
		t.Fatal("the row of a role without members is still there")
	}
}

// A changed module finds the numbers as they were; one that waits for its entity is given back by the stage's own clock.
func TestNumbersOutliveRules(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	w.post(member("a", 1, "up", "zk"), member("b", 2, "up", "zk"), member("c", 3, "up", "zk"))
	w.post(gone("a"))
	w.write("servers.yaml", strings.Replace(strings.Replace(numberedYAML, "grace: 0", "grace: 1s", 1), "{it}-{n}", "x{it}-{n}", 1))
	w.eventually("the new rules", func() bool { return w.who("xzk") == "2=b 3=c" && w.who("zk") == "" })
	w.post(gone("c"), member("d", 4, "up", "zk"), member("e", 5, "up", "zk"))
	if got := w.who("xzk"); got != "1=d 2=b 4=e" {
		t.Fatalf("number 3 waits for its entity: %s", got)
	}
	w.eventually("number 3 is given back", func() bool {
		return !strings.Contains(string(w.table("inventory.main")["@number/zk"]), "server/c")
	})
	w.post(member("f", 6, "up", "zk"))
	if got := w.who("xzk"); got != "1=d 2=b 3=f 4=e" {
		t.Fatal(got)
	}
}

// Records that stay though their entity changed, since its module fails or since the guard keeps them, keep their number.
func TestWhatStaysKeepsItsNumber(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	w.write("servers.yaml", numberedYAML+"  - each: roles\n    name: '{it}{hostname == \"bad\" ? \"\" : \"\"}.x.example.'\n    when: 'hostname == \"bad\"'\n    type: A\n    value: '{ipv4}'\n")
	w.eventually("the rules", func() bool { return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "bad") })
	w.post(member("a", 1, "up", "zk"))
	bad := strings.Replace(member("a", 1, "up", "web"), `"hostname":"a"`, `"hostname":"bad"`, 1)
	if a := w.post(bad, member("b", 2, "up", "zk"))[0]; a.Status != "held" {
		t.Fatalf("%+v", a)
	}
	if got := w.who("zk"); got != "1=a 2=b" {
		t.Fatalf("a fails, and its record is still there: %s", got)
	}
	w.post(member("a", 1, "up", "web"), member("c", 3, "up", "zk"))
	if got := w.who("zk"); got != "1=c 2=b" {
		t.Fatalf("a is mended: %s", got)
	}
}

func TestP2GuardedEntitiesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) {
		c.ModuleGuard.AtLeast, c.ModuleGuard.Share, c.ModuleGuard.AtMost = 1, 0.01, 1
		for name, text := range map[string]string{"kinds.yaml": numberedKinds, "servers.yaml": strings.Replace(numberedYAML, "grace: 0", "grace: 1h", 1)} {
			if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	w.post(member("a", 1, "up", "zk"), member("b", 2, "up", "zk"), member("c", 3, "up", "zk"))
	w.post(member("a", 1, "down", "zk"), member("b", 2, "down", "zk"), member("c", 3, "down", "zk"))
	if got := w.who("zk"); got != "2=b 3=c" {
		t.Fatal(got)
	}
	left := func() (list []string) {
		members, err := inventory.DecodeRole(w.table("inventory.main")["@number/zk"])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			if m.Until != 0 {
				list = append(list, m.Entity)
			}
		}
		return list
	}
	if got := left(); len(got) != 1 || got[0] != "server/a" {
		t.Fatalf("%v gave their numbers back, of whom b and c are served", got)
	}
	h, _ := heldUnit(w, unitModule)
	w.release(h.ID)
	w.eventually("the release", func() bool { return w.who("zk") == "" && len(left()) == 3 })
}
