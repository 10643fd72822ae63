package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	w.post(member("d", 4, "up", "zk"))
	if got := w.who("zk"); got != "1=d 2=b 3=c" {
		t.Fatalf("a is mended: %s", got)
	}
}

// A pin does not take the number of an entity whose last good record would stay at its name: two would answer there.
func TestAPinWaitsForWhatStays(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	w.write("servers.yaml", numberedYAML+"  - name: '{hostname == \"bad\" ? \"\" : \"x\"}.x.example.'\n    type: A\n    value: '{ipv4}'\n")
	w.eventually("the rules", func() bool { return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "bad") })
	w.post(member("a", 1, "up", "zk"))
	w.post(strings.Replace(member("a", 9, "up", "zk"), `"hostname":"a"`, `"hostname":"bad"`, 1))
	if a := w.post(member("b", 2, "up", "zk", "zk=1"))[0]; a.Status != "held" || !strings.Contains(a.Reason, "that of server/a, whose last good records stay") {
		t.Fatalf("%+v", a)
	}
	if got := w.who("zk"); got != "1=a" {
		t.Fatal(got)
	}
	w.restart()
	w.post(member("a", 9, "up", "zk"))
	if got := w.who("zk"); got != "1=b 2=a" || len(w.held()) != 0 {
		t.Fatalf("a is mended: %s, %v", got, w.held())
	}
	checkBuilt(t, w)
}

// Who was turned away by a full role is asked again once there is room, without an event of its own.
func TestWhoWasTurnedAwayGetsItsNumber(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	var events []string
	for i := range 900 {
		events = append(events, member(fmt.Sprintf("m%04d%s", i, strings.Repeat("x", 50)), i%200, "up", "zk"))
	}
	for i := range events { // the id is long, the host name a label
		events[i] = strings.Replace(events[i], `"id":"m`, `"id":"`+strings.Repeat("y", 140)+`m`, 1)
	}
	full := ""
	for i, a := range w.post(events...) {
		if full == "" && a.Status == "held" {
			full = fmt.Sprintf("server/%sm%04d%s", strings.Repeat("y", 140), i, strings.Repeat("x", 50))
		}
	}
	if full == "" {
		t.Fatal("the role takes them all")
	}
	w.post(fmt.Sprintf(`{"op":"delete","kind":"server","id":"%sm0000%s"}`, strings.Repeat("y", 140), strings.Repeat("x", 50)))
	w.eventually("asked again", func() bool {
		members, err := inventory.DecodeRole(w.table("inventory.main")["@number/zk"])
		return err == nil && slices.ContainsFunc(members, func(m inventory.Member) bool { return m.Entity == full })
	})
}

func TestP2GuardedEntitiesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	for _, grace := range []string{"0s", "1h"} {
		t.Run(grace, func(t *testing.T) { t.Parallel(); guardedKeepTheirNumbers(t, grace) })
	}
}

func guardedKeepTheirNumbers(t *testing.T, grace string) {
	w := newWorld(t, func(c *Config) {
		c.ModuleGuard.AtLeast, c.ModuleGuard.Share, c.ModuleGuard.AtMost = 1, 0.01, 1
		for name, text := range map[string]string{"kinds.yaml": numberedKinds, "servers.yaml": strings.Replace(numberedYAML, "grace: 0", "grace: "+grace, 1)} {
			if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	w.post(member("a", 1, "up", "zk"), member("b", 2, "up", "zk"), member("c", 3, "up", "zk"))
	w.post(member("a", 1, "down", "zk"), member("b", 2, "down", "zk"), member("c", 3, "down", "zk"), member("d", 4, "up", "zk"))
	if got := w.who("zk"); got != "2=b 3=c 4=d" {
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
	if got := left(); slices.Contains(got, "server/b") || slices.Contains(got, "server/c") || grace == "1h" && len(got) != 1 {
		t.Fatalf("%v gave their numbers back, of whom b and c are served", got)
	}
	h, _ := heldUnit(w, unitModule)
	w.release(h.ID)
	w.eventually("the release", func() bool { return w.who("zk") == "4=d" && (grace == "0s" || len(left()) == 3) })
	w.post(member("e", 5, "up", "zk"))
	if got := w.who("zk"); grace == "0s" && got != "1=e 4=d" || grace == "1h" && got != "4=d 5=e" {
		t.Fatal(got)
	}
}
