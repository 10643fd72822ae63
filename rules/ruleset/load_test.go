package ruleset

import (
	"slices"
	"strings"
	"testing"

	"zonecast/internal/checkout"
)

const simple = `module: simple
about: for tests
kind: server
records:
  - name: '{hostname}.{vars.suffix}'
    type: A
    value: '{ipv4}'
`

func files(t testing.TB, modules ...string) []checkout.File {
	list := []checkout.File{testKinds(t)}
	for i, m := range modules {
		list = append(list, checkout.File{Path: string(rune('a'+i)) + ".yaml", Data: []byte(m)})
	}
	return list
}

func names(r *Ruleset) (list []string) {
	for _, m := range r.Modules() {
		list = append(list, m.Name)
	}
	return list
}

// P3: a broken module keeps its last good version, the others load.
func TestBrokenModuleKeepsItsLastGood(t *testing.T) {
	t.Parallel()
	other := strings.Replace(simple, "module: simple", "module: other", 1)
	broken := strings.Replace(simple, "{ipv4}", "{ipv5}", 1)
	r, problems := Load(files(t, broken, other), testOptions)
	if got := names(r); !slices.Equal(got, []string{"other"}) || len(problems) != 1 {
		t.Fatalf("modules %v, problems %v", got, problems)
	}
	if got := r.Broken(); !slices.Equal(got, []string{"a.yaml"}) {
		t.Errorf("broken %v", got)
	}
	opt := testOptions
	opt.LastGood = map[string][]byte{"a.yaml": []byte(simple)}
	r, problems = Load(files(t, broken, other), opt)
	if got := names(r); !slices.Equal(got, []string{"other", "simple"}) || len(problems) != 1 || !r.Files["a.yaml"].Held {
		t.Fatalf("modules %v, problems %v", got, problems)
	}
	if string(r.Files["a.yaml"].Data) != simple || string(r.Files["b.yaml"].Data) != other {
		t.Error("Data is not what is in force")
	}
}

func TestBrokenKindsKeepTheirLastGood(t *testing.T) {
	t.Parallel()
	good := files(t, simple)
	bad := []checkout.File{{Path: KindsFile, Data: []byte("kinds: {server: {hostname: lable}}\n")}, good[1]}
	if r, problems := Load(bad, testOptions); len(r.Modules()) != 0 || len(problems) != 2 {
		t.Fatalf("modules %v, problems %v", names(r), problems)
	}
	opt := testOptions
	opt.LastGood = map[string][]byte{KindsFile: good[0].Data}
	r, problems := Load(bad, opt)
	if len(r.Modules()) != 1 || len(problems) != 1 || !r.Files[KindsFile].Held {
		t.Fatalf("modules %v, problems %v", names(r), problems)
	}
}

func TestPolicyIsNoModule(t *testing.T) {
	t.Parallel()
	list := append(files(t, simple), checkout.File{Path: "policy.yaml", Data: []byte("policy: []\n")}, checkout.File{Path: "README.md", Data: []byte("x")})
	if r, problems := Load(list, testOptions); len(r.Modules()) != 1 || len(problems) != 0 {
		t.Fatalf("modules %v, problems %v", names(r), problems)
	}
}

// The hash tells whether entities must be evaluated again: comments, quotes, order, about and tests do not matter.
func TestHashIsOfTheMeaning(t *testing.T) {
	t.Parallel()
	hash := func(kinds func(string) string, module string, opt Options) string {
		t.Helper()
		list := files(t, module)
		list[0].Data = []byte(kinds(string(list[0].Data)))
		r, problems := Load(list, opt)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return r.Modules()[0].Hash
	}
	same := func(s string) string { return s }
	base := hash(same, simple, testOptions)
	for what, module := range map[string]string{
		"comment": "# hi\n" + simple,
		"about":   strings.Replace(simple, "for tests", "else", 1),
		"quotes":  strings.Replace(simple, "module: simple", "module: 'simple'", 1),
		"order":   strings.Replace(simple, "    type: A\n    value: '{ipv4}'\n", "    value: '{ipv4}'\n    type: A\n", 1),
		"tests":   simple + "tests:\n  - given: {hostname: a, site: b, ipv4: 192.0.2.1, state: down}\n    expect: a.prod.example. 300 A 192.0.2.1\n",
	} {
		if hash(same, module, testOptions) != base {
			t.Errorf("%s changes the hash", what)
		}
	}
	for what, module := range map[string]string{
		"ttl":    simple + "ttl: 60\n",
		"when":   simple + "when: virtual\n",
		"shared": simple + "shared: true\n",
		"value":  strings.Replace(simple, "{ipv4}", "192.0.2.1", 1),
	} {
		if hash(same, module, testOptions) == base {
			t.Errorf("%s does not change the hash", what)
		}
	}
	opt := testOptions
	opt.DefaultTTL = 60
	if hash(same, simple, opt) == base {
		t.Error("the default TTL does not change the hash")
	}
	opt = testOptions
	opt.Vars = map[string]string{"suffix": "corp.example."}
	if hash(same, simple, opt) == base {
		t.Error("a var does not change the hash")
	}
	if hash(func(s string) string { return strings.Replace(s, "default: 4", "default: 5", 1) }, simple, testOptions) == base {
		t.Error("a type of its kind does not change the hash")
	}
	if hash(func(s string) string { return s + "  switch: {code: label}\n" }, simple, testOptions) != base {
		t.Error("another kind changes the hash")
	}
}

// A failing test shows each difference at its place: what is missing at its line, what is too much at the test.
func TestFailingTestIsADiff(t *testing.T) {
	t.Parallel()
	m := module(t, simple+`tests:
  - given: {hostname: a, site: b, ipv4: 192.0.2.1, state: up}
    expect: |
      ; a comment
      b.prod.example. 300 A 192.0.2.1
  - given: {hostname: a, site: b, ipv4: 192.0.2.1, state: up}
    expect: ''
  - given: {hostname: a, site: b, ipv4: 192.0.2.1, stat: up}
    expect: ''
  - given: {hostname: a, site: b, ipv4: 192.0.2.1, state: up, typo: 1}
    expect: ''
  - given: {hostname: a, site: b, ipv4: 192.0.2.1, state: up}
    expect: a.prod.example. 60 A 192.0.2.1
`)
	want := []string{
		"m.yaml:9:5: simple: test 1: + a.prod.example. 300 A 192.0.2.1 [test-failed]",
		"m.yaml:12:7: simple: test 1: - b.prod.example. 300 A 192.0.2.1 [test-failed]",
		"m.yaml:13:5: simple: test 2: + a.prod.example. 300 A 192.0.2.1 [test-failed]",
		`m.yaml:15:12: simple: test 3: attribute "state" of kind "server": it is missing [test-failed]`,
		`m.yaml:17:12: simple: test 4: kind "server" has no attribute "typo" [test-failed]`,
		"m.yaml:19:5: simple: test 5: + a.prod.example. 300 A 192.0.2.1 [test-failed]",
		"m.yaml:20:13: simple: test 5: - a.prod.example. 60 A 192.0.2.1 [test-failed]",
	}
	var got []string
	for _, p := range m.RunTests() {
		got = append(got, p.Error())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// Neither an empty var nor a test whose id is a number passes for something else.
func TestEmptyVarAndNumericID(t *testing.T) {
	t.Parallel()
	opt := testOptions
	opt.Vars = map[string]string{"suffix": ""}
	if _, problems := Load(files(t, simple), opt); len(problems) != 1 || problems[0].Check != "unknown-var" {
		t.Error(problems)
	}
	text := simple + "tests:\n  - given: {id: 7, hostname: a, site: b, ipv4: 192.0.2.1, state: up}\n    expect: a.prod.example. 300 A 192.0.2.1\n"
	if _, problems := Load(files(t, text), testOptions); len(problems) != 1 || problems[0].Check != "bad-test" {
		t.Error(problems)
	}
}

func FuzzLoad(f *testing.F) {
	kinds := testKinds(f)
	for _, file := range library(f) {
		f.Add(file.Data)
	}
	f.Add([]byte(simple))
	f.Add([]byte("module: x\nkind: server\nrecords:\n  - {name: '{{}}', type: A, value: \"\\u00e9{`}`}\"}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, problems := Load([]checkout.File{kinds, {Path: "m.yaml", Data: data}}, testOptions)
		if len(r.Modules()) == 0 && len(problems) == 0 {
			t.Fatal("neither a module nor a problem")
		}
		w := NewWorker()
		for _, m := range r.Modules() {
			for _, p := range m.RunTests() {
				_ = p.Error()
			}
			attrs := map[string]any{"hostname": "a", "site": "b", "code": "c", "ipv4": "192.0.2.1", "state": "up", "roles": []any{"web"}}
			first, err := m.Eval(w, m.Kind, "id", attrs)
			again, err2 := m.Eval(NewWorker(), m.Kind, "id", attrs)
			if (err == nil) != (err2 == nil) || len(first) != len(again) {
				t.Fatalf("not deterministic: %v %v, %v %v", first, err, again, err2)
			}
		}
	})
}

func FuzzKinds(f *testing.F) {
	f.Add(testKinds(f).Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, problems := Load([]checkout.File{{Path: KindsFile, Data: data}}, testOptions)
		if len(r.Kinds) == 0 && len(problems) == 0 {
			t.Fatal("neither kinds nor a problem")
		}
	})
}
