package inventory

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestParseEvent(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{ // "" is good, else a part of the error
		`{"op":"put","kind":"server","id":"web1","rev":7,"attrs":{"a":[1,{"b":null}]}}`: "",
		`{"op":"put","kind":"server","id":"a/b:c","attrs":{},"reborn":true}`:            "",
		`{"op":"delete","kind":"server","id":"web1"}`:                                   "",
		`{"op":"alive","as_of":"2026-12-01T10:00:00Z"}`:                                 "",
		`{"op":"alive"}`: "",
		`put web1`:       "not JSON",
		`{"op":"put"`:    "too early",
		`[]`:             "not an object",
		`{"op":"put","kind":"server","id":"x","attrs":{}} {}`:                                         "after the value",
		`{"op":"move","kind":"server","id":"x"}`:                                                      "unknown op",
		`{"kind":"server","id":"x","attrs":{}}`:                                                       "op is missing",
		`{"op":"put","kind":"server","attrs":{}}`:                                                     "id is missing",
		`{"op":"put","id":"x","attrs":{}}`:                                                            "kind is missing",
		`{"op":"put","kind":"Server","id":"x","attrs":{}}`:                                            "bad kind",
		`{"op":"put","kind":"server","id":"x y","attrs":{}}`:                                          "bad id",
		`{"op":"put","kind":"server","id":"` + strings.Repeat("x", MaxID+1) + `","attrs":{}}`:         "bad id",
		`{"op":"put","kind":"server","id":"x"}`:                                                       "attrs is missing",
		`{"op":"put","kind":"server","id":"x","attrs":[]}`:                                            "attrs must be",
		`{"op":"put","kind":"server","id":7,"attrs":{}}`:                                              "id must be a text",
		`{"op":"put","kind":"server","id":"x","rev":-1,"attrs":{}}`:                                   "rev must be",
		`{"op":"put","kind":"server","id":"x","rev":1.5,"attrs":{}}`:                                  "rev must be",
		`{"op":"put","kind":"server","id":"x","rev":"7","attrs":{}}`:                                  "rev must be",
		`{"op":"put","kind":"server","id":"x","attrs":{},"color":1}`:                                  "unknown key",
		`{"op":"put","op":"put","kind":"server","id":"x","attrs":{}}`:                                 "duplicate key",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":1,"a":2}}`:                                 "duplicate key",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":` + strings.Repeat("[", 99) + `}}`:         "nested",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":"` + strings.Repeat("x", MaxAttrs) + `"}}`: "attributes of",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":"` + "\xff" + `"}}`:                        "UTF-8",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":99999999999999999999}}`:                    "out of range",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":1e999}}`:                                   "out of range",
		`{"op":"put","kind":"server","id":"x","attrs":{"a":01}}`:                                      "number",
		`{"op":"delete","kind":"server","id":"x","attrs":{}}`:                                         "delete takes no",
		`{"op":"alive","as_of":"yesterday"}`:                                                          "RFC 3339",
		`{"op":"alive","id":"x"}`:                                                                     "alone",
		`{"op":"put","kind":"server","id":"x","attrs":{},"as_of":"2026-12-01T10:00:00Z"}`:             "belongs to alive",
	} {
		_, err := ParseEvent([]byte(line))
		if (want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%.100s: %v, want %q", line, err, want)
		}
	}
}

func TestEqualContentHasEqualBytes(t *testing.T) {
	t.Parallel()
	var first string
	for _, attrs := range []string{
		`{"a":1,"b":{"x":1000,"y":"é\n"},"c":-0.5}`,
		`{"c":-5e-1,"b":{"y":"\u00e9\u000a","x":1e3},"a":1.0}`,
		` { "b" : { "x" : 1000.0 , "y" : "é\n" } , "a" : 10e-1 , "c" : -0.50 } `,
	} {
		e, err := ParseEvent([]byte(`{"op":"put","kind":"k","id":"i","attrs":` + attrs + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(e.Raw)
		}
		if string(e.Raw) != first {
			t.Errorf("%s: %s, want %s", attrs, e.Raw, first)
		}
	}
}

func TestLongLinesAreSkipped(t *testing.T) {
	t.Parallel()
	exact := strings.Repeat("x", MaxLine)
	lines := NewLines(io.MultiReader(strings.NewReader("one\r\n\n"), strings.NewReader(strings.Repeat("y", 10<<20)),
		strings.NewReader("\n"+exact+"\r\n"+exact+"x\nlast")))
	var got []string
	for {
		text, number, err := lines.Next()
		if err == io.EOF {
			break
		}
		var long *LineError
		if err != nil && !errors.As(err, &long) {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d:%d:%v", number, len(text), err != nil))
	}
	want := fmt.Sprintf("[1:3:false 3:0:true 4:%d:false 5:0:true 6:4:false]", MaxLine)
	if fmt.Sprint(got) != want {
		t.Fatalf("%v, want %s", got, want)
	}
	if cap(lines.buf) > 3*MaxLine {
		t.Errorf("a long line was kept: %d octets", cap(lines.buf))
	}
}

func TestAsOf(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		f    Feed
		want int64
	}{
		"pushed":                       {Feed{First: 1, Last: 5}, 1000},
		"pushed with max_age":          {Feed{First: 1, Last: 5, Alive: 7, MaxAge: 60}, 7},
		"alive of before it was known": {Feed{First: 9, Alive: 7, MaxAge: 60}, 7},
		"never heard of":               {Feed{First: 1, MaxAge: 60}, 1},
		"file":                         {Feed{First: 1, File: "f", LastRead: 9, Last: 20}, 9},
		"file, never read":             {Feed{First: 1, File: "f"}, 1},
	} {
		if got := c.f.AsOf(now).Unix(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		owned, gone int
		ok          bool
	}{{100, 0, true}, {0, 0, true}, {1, 1, false}, {5, 5, false}, {11, 10, true}, {30, 10, true}, {30, 11, false},
		{100, 20, true}, {100, 21, false}, {10_000, 500, true}, {10_000, 501, false}} {
		if err := (Guard{}).Allows(c.owned, c.gone, c.gone < c.owned); (err == nil) != c.ok {
			t.Errorf("%d of %d: %v", c.gone, c.owned, err)
		}
	}
	if err := (Guard{}).Allows(5, 5, true); err != nil {
		t.Errorf("all five replaced: %v", err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"op":"put","kind":"server","id":"web1","rev":7,"attrs":{"a":[1,{"b":null}],"c":1e3}}` + "\n\n" + `{"op":"delete"}`))
	f.Add([]byte(`{"op":"alive","as_of":"2026-12-01T10:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for lines := NewLines(strings.NewReader(string(text))); ; {
			line, _, err := lines.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				continue
			}
			e, err := ParseEvent(line)
			if err != nil || e.Op != Put {
				continue
			}
			attrs, err := Attrs(e.Raw)
			if err != nil {
				t.Fatalf("canonical attributes do not parse: %v: %s", err, e.Raw)
			}
			again, err := Canonical(attrs)
			if err != nil || string(again) != string(e.Raw) {
				t.Fatalf("canonical form is not stable: %s, %s, %v", e.Raw, again, err)
			}
		}
		for _, format := range []Format{JSON, YAML, NDJSON} {
			_, _ = ParseList(format, text)
		}
	})
}

func FuzzRow(f *testing.F) {
	f.Add(Row{Rev: 7, Feed: "events", Attrs: []byte("{}"), Given: []Given{{Module: "m", Names: []string{"a.", "b."}}}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRow(b)
		if err != nil {
			return
		}
		again, err := DecodeRow(r.Encode())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(r) {
			t.Fatalf("%+v, %+v, %v", r, again, err)
		}
		if feed, live, err := Peek(b); err != nil || feed != r.Feed || live == r.Gone() {
			t.Fatalf("%q %v %v: %+v", feed, live, err, r)
		}
	})
}
