package inventory

import (
	"fmt"
	"strings"
	"testing"
)

func TestFormatsGiveTheSameList(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a.yaml":   "- {kind: server, id: web1, rev: 7, attrs: {a: 1, b: [x, no, '010'], c: 2026-12-01}}\n- kind: server\n  id: web2\n  attrs: {}\n",
		"b.yml":    "kind: server\nentities:\n- {id: web1, rev: 7, attrs: {a: 1, b: [x, no, '010'], c: 2026-12-01}}\n- {id: web2, attrs: {}}\n",
		"c.json":   `[{"kind":"server","id":"web1","rev":7,"attrs":{"a":1,"b":["x","no","010"],"c":"2026-12-01"}},{"kind":"server","id":"web2","attrs":{}}]`,
		"d.json":   `{"kind":"server","entities":[{"id":"web1","rev":7,"attrs":{"a":1.0,"b":["x","no","010"],"c":"2026-12-01"}},{"id":"web2","attrs":{}}]}`,
		"e.ndjson": `{"kind":"server","id":"web1","rev":7,"attrs":{"a":1,"b":["x","no","010"],"c":"2026-12-01"}}` + "\n" + `{"op":"put","kind":"server","id":"web2","attrs":{}}` + "\n",
	} {
		byName, err := FormatOfFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if byText := FormatOf("", []byte(text)); byText != byName {
			t.Errorf("%s: its text looks like %s", name, byText)
		}
		l, err := ParseList(byName, []byte(text))
		if err != nil || !l.Complete || len(l.Items) != 2 {
			t.Fatalf("%s: %+v %v", name, l, err)
		}
		got := ""
		for _, it := range l.Items {
			got += fmt.Sprint(it.Err, it.Event.Op, it.Event.Key(), it.Event.Rev, string(it.Event.Raw), ";")
		}
		if want := `<nil>putserver/web17{"a":1,"b":["x","no","010"],"c":"2026-12-01"};<nil>putserver/web20{};`; strings.ReplaceAll(got, " ", "") != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestUnreadableListsSayNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                    "no text",
		" \n":                                 "no text",
		"a: [":                                "yaml",
		"- {kind: k, id: i}\nx: y\n":          "in the block that begins about there",
		"- {kind: k, id: i, id: j}":           "duplicate key",
		"- &a {kind: k}\n- *a":                "anchors",
		"- !server {kind: k}":                 "tag",
		"[]\n---\n[]":                         "more than one",
		"\xef\xbb\xbf[]":                      "byte order mark",
		"- {kind: k, id: i, attrs: {a: 010}}": "decimal",
		"servers: []":                         "unknown key",
		"just text":                           "not a list",
	} {
		if _, err := ParseList(YAML, []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"{", `{"entities":{}}`, `[1] 2`} {
		if _, err := ParseList(JSON, []byte(text)); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

func TestIncompleteLists(t *testing.T) {
	t.Parallel()
	named := `{"kind":"k","id":"a","attrs":{}}` + "\n" + `{"kind":"k","id":"b","attrs":7}` + "\n"
	l, err := ParseList(NDJSON, []byte(named))
	if err != nil || !l.Complete || l.Items[1].Err == nil || l.Items[1].Event.Key() != "k/b" {
		t.Fatalf("%+v %v: a faulty item that can be identified leaves the list complete", l, err)
	}
	if l, err = ParseList(NDJSON, []byte(named+"torn")); err != nil || l.Complete {
		t.Fatalf("%+v %v: an unreadable line makes it incomplete", l, err)
	}
	if l, err = ParseList(NDJSON, []byte("[]")); err != nil || !l.Complete || len(l.Items) != 0 {
		t.Fatalf("%+v %v: an empty list", l, err)
	}
}
