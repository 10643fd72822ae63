package plan

import (
	"encoding/json"
	"maps"
	"testing"

	"zonecast/internal/row"
)

func TestCompose(t *testing.T) {
	t.Parallel()
	at := func(n, apex string, kind Kind, file string) Change {
		return Change{Name: name(t, n), Zone: name(t, apex), Kind: kind, Sets: []SetChange{{Causes: []Cause{{Origin: row.Origin{File: file}}}}}}
	}
	p := Compose(Parts{
		Prefix: "dns/zones/",
		Changes: []Change{at("b.b.example.", "b.example.", Created, "b.example.yaml"), at("z.a.example.", "a.example.", Deleted, ""),
			at("a.example.", "a.example.", Changed, "@override/7"), at("c.a.example.", "a.example.", Touched, "a.example.yaml")},
		Facts: []ZoneChange{{Zone: name(t, "new.example."), After: &row.ZoneFacts{}}, {Zone: name(t, "a.example."), Before: &row.ZoneFacts{}, After: &row.ZoneFacts{Timestamp: true}},
			{Zone: name(t, "gone.example."), Before: &row.ZoneFacts{}}},
		Names: map[string]int{"a.example.": 7, "gone.example.": 3},
	})
	var order, files []string
	for _, c := range p.Changes {
		order, files = append(order, c.Name.String()), append(files, c.Sets[0].Causes[0].File)
	}
	got, err := json.Marshal([]any{order, files, p.Summaries})
	if err != nil {
		t.Fatal(err)
	}
	const want = `[["a.example.","c.a.example.","z.a.example.","b.b.example."],["@override/7","dns/zones/a.example.yaml","","dns/zones/b.example.yaml"],` +
		`[{"zone":"a.example.","facts":true,"names":7,"created":0,"changed":1,"deleted":1,"touched":1},{"zone":"b.example.","names":0,"created":1,"changed":0,"deleted":0},` +
		`{"zone":"gone.example.","gone":true,"names":3,"created":0,"changed":0,"deleted":0},{"zone":"new.example.","new":true,"names":0,"created":0,"changed":0,"deleted":0}]]`
	if string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if p.Empty() || !Compose(Parts{}).Empty() {
		t.Error("what is empty")
	}
	if facts := Compose(Parts{Facts: []ZoneChange{{Zone: name(t, "new.example."), After: &row.ZoneFacts{}}}}); facts.Empty() {
		t.Error("a new zone without names is nothing")
	}
}

func TestDiffer(t *testing.T) {
	t.Parallel()
	got := Differ(map[string]string{"same": "1", "changed": "1", "gone": "1"}, map[string]string{"same": "1", "changed": "2", "new": "3"})
	if !maps.Equal(got, map[string]string{"changed": "2", "new": "3", "gone": ""}) {
		t.Error(got)
	}
}
