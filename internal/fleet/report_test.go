package fleet

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReportsAreSmall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string, most int) string {
			return strings.Repeat(rapid.SampledFrom([]string{"a", "\u20ac", "\"", "\x00"}).Draw(t, label), rapid.IntRange(0, most).Draw(t, label))
		}
		r := Report{ID: strings.Repeat("i", rapid.IntRange(1, maxID).Draw(t, "id")), Epoch: 1, Version: 1795000000, Released: 1795000000, AsOf: 1795000000,
			State: Fresh, Refused: 1 << 40, Failed: 1 << 40, LastError: text("error", 400), ErrorAt: 1795000000, Build: strings.Repeat("b", rapid.IntRange(0, 80).Draw(t, "build")),
			Started: 1795000000, At: 1795000000, Via: strings.Repeat("v", rapid.IntRange(0, maxID).Draw(t, "via"))}
		for range rapid.IntRange(0, 20).Draw(t, "addresses") {
			r.Addresses = append(r.Addresses, "[2001:db8::53]:5300")
		}
		b, err := r.encode()
		if err != nil || len(b) > MaxReport {
			t.Fatalf("%d octets, %v", len(b), err)
		}
		back, err := decode(b)
		if err != nil || back.ID != r.ID || back.Version != r.Version || back.check() != nil || len(back.LastError) > maxError {
			t.Fatalf("%+v, %v", back, err)
		}
	})
}

func TestWhatIsNoReport(t *testing.T) {
	t.Parallel()
	for _, r := range []Report{{}, {State: "well"}, {State: Fresh, Addresses: []string{strings.Repeat("a", maxAddress+1)}}} {
		if r.check() == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	for _, id := range []string{"", ".", "..", "a/b", strings.Repeat("x", maxID+1), "a\x00"} {
		if CheckID(id) == nil {
			t.Errorf("id %q is taken", id)
		}
	}
	if err := CheckID("web001.ams1"); err != nil {
		t.Error(err)
	}
}

// What makes a report: everything but times and the number of tries that are repeated anyway.
func TestWhatIsAChange(t *testing.T) {
	t.Parallel()
	changes := map[string]bool{"Epoch": true, "Version": true, "State": true, "Refused": true, "LastError": true}
	for i := range reflect.TypeFor[Report]().NumField() {
		var r Report
		f := reflect.ValueOf(&r).Elem().Field(i)
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Uint64:
			f.SetUint(1)
		case reflect.Int64:
			f.SetInt(1)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"x"}))
		}
		if name := reflect.TypeFor[Report]().Field(i).Name; r.differs(Report{}) != changes[name] {
			t.Errorf("%s: %v", name, r.differs(Report{}))
		}
	}
}
