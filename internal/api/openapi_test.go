package api

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/decision"
	"zonecast/internal/fleet"
	"zonecast/internal/inventory"
	"zonecast/internal/leader"
	"zonecast/internal/load"
	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/presenter"
	"zonecast/publisher"
	"zonecast/rules"
)

type schema struct {
	Ref        string            `yaml:"$ref"`
	Properties map[string]schema `yaml:"properties"`
	AllOf      []schema          `yaml:"allOf"`
}

type operation struct {
	Summary  string                 `yaml:"summary"`
	Security *[]map[string][]string `yaml:"security"`
	Params   []struct {
		Name string `yaml:"name"`
		In   string `yaml:"in"`
	} `yaml:"parameters"`
	Responses map[string]any `yaml:"responses"`
}

// reads tells whether the read token is good for it.
func (o operation) reads() bool {
	return o.Security != nil && slices.ContainsFunc(*o.Security, func(s map[string][]string) bool { return s["readToken"] != nil })
}

type openAPI struct {
	OpenAPI    string                          `yaml:"openapi"`
	Paths      map[string]map[string]operation `yaml:"paths"`
	Components struct {
		Schemas map[string]schema `yaml:"schemas"`
	} `yaml:"components"`
}

func readPage(t *testing.T) (doc openAPI) {
	t.Helper()
	if err := yaml.Unmarshal(page, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || len(doc.Paths) == 0 {
		t.Fatalf("openapi %q with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	return doc
}

// routes of the page, as a mux would have them: "GET /v1/head".
func (d openAPI) routes() (list []string) {
	for path, methods := range d.Paths {
		for method := range methods {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(list)
	return list
}

var (
	routePattern = regexp.MustCompile(`^(GET|HEAD|POST|PUT|PATCH|DELETE) /`)
	stageHeld    = regexp.MustCompile(`/v1/stages/[^/]+/`)
)

// concat gives a string expression's text, with {stage} for what is no literal.
func concat(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); e.Kind == token.STRING && err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return concat(e.X) + concat(e.Y)
	}
	return "{stage}"
}

// sourceRoutes finds every pattern that the sources mount on a mux.
func sourceRoutes(t *testing.T) (list []string) {
	t.Helper()
	for _, dir := range []string{"rules", "presenter", "publisher", "localproxy", "internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.Contains(filepath.ToSlash(path), "/releasetest/") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				switch e.(type) {
				case *ast.BasicLit, *ast.BinaryExpr:
				default:
					return true
				}
				text := strings.NewReplacer("...}", "}", "{owner}", "{stage}").Replace(concat(e))
				if routePattern.MatchString(text) {
					list = append(list, text)
					return false
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestOpenAPIHasEveryRoute compares the page with what the sources mount, in both directions.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	t.Parallel()
	documented, mounted := readPage(t).routes(), sourceRoutes(t)
	if len(mounted) < 20 {
		t.Fatalf("only %d routes found in the sources", len(mounted))
	}
	for _, r := range mounted {
		if !slices.Contains(documented, r) {
			t.Errorf("openapi.yaml lacks %s", r)
		}
	}
	for _, r := range documented {
		if !slices.Contains(mounted, r) {
			t.Errorf("openapi.yaml has %s, which nothing mounts", r)
		}
	}
}

// TestOpenAPIIsServed asks a process with all stages for every documented route: it exists, and wants the token
// exactly where the page says so.
func TestOpenAPIIsServed(t *testing.T) {
	t.Parallel()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	h := service.NewHost("one", "0123456789abcdef", slog.New(slog.DiscardHandler))
	h.ReadToken = "read-0123456789abcdef"
	Mount(h, st, "stable", nil)
	fleet.NewKeeper(st, h, "")
	if _, err := rules.New(rules.DefaultConfig(), st, h); err != nil {
		t.Fatal(err)
	}
	if _, err := presenter.New(presenter.DefaultConfig(), st, h); err != nil {
		t.Fatal(err)
	}
	cfg := publisher.DefaultConfig()
	cfg.Data = t.TempDir()
	if _, err := publisher.New(cfg, st, h); err != nil {
		t.Fatal(err)
	}
	for path, methods := range readPage(t).Paths {
		for method, op := range methods {
			stages := []string{""}
			if strings.Contains(path, "{stage}") {
				stages = []string{"rules.main", "presenter", "publisher"}
			}
			for _, stage := range stages {
				url := strings.NewReplacer("{stage}", stage, "{version}", "7", "{name}", "x", "{kind}", "k", "{id}", "i").Replace(path)
				r := httptest.NewRequest(strings.ToUpper(method), url, nil)
				_, pattern := h.Mux.Handler(r)
				if got := stageHeld.ReplaceAllString(strings.ReplaceAll(pattern, "...}", "}"), "/v1/stages/{stage}/"); got != strings.ToUpper(method)+" "+path {
					t.Errorf("%s %s is answered by %q", method, url, pattern)
					continue
				}
				w := httptest.NewRecorder()
				h.Mux.ServeHTTP(w, r)
				if guarded, open := w.Code == http.StatusUnauthorized, op.Security != nil && len(*op.Security) == 0; guarded == open {
					t.Errorf("%s %s without a token: %d; the page says open: %v", method, path, w.Code, open)
				} else if _, ok := op.Responses[strconv.Itoa(w.Code)]; !ok {
					t.Errorf("%s %s: %d is not on the page", method, path, w.Code)
				}
				if op.Security != nil && len(*op.Security) == 0 {
					continue
				}
				r.Header.Set("Authorization", "Bearer "+h.ReadToken)
				w = httptest.NewRecorder()
				if strings.HasPrefix(path, "/debug/pprof/") && op.reads() {
					t.Errorf("%s %s: the page lets the read token profile", method, path)
				} else if op.reads() {
					ended, cancel := context.WithCancel(t.Context())
					cancel()
					r = r.WithContext(ended)
				}
				h.Mux.ServeHTTP(w, r)
				if refused := w.Code == http.StatusForbidden; refused == op.reads() || w.Code == http.StatusUnauthorized {
					t.Errorf("%s %s with the read token: %d; the page takes it: %v", method, path, w.Code, op.reads())
				} else if _, ok := op.Responses["403"]; refused && !ok {
					t.Errorf("%s %s: 403 is not on the page", method, path)
				}
			}
			if op.Summary == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
			for _, name := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Params, func(p struct {
					Name string `yaml:"name"`
					In   string `yaml:"in"`
				}) bool {
					return p.Name == name[1] && p.In == "path"
				}) {
					t.Errorf("%s %s: parameter %s is not described", method, path, name[1])
				}
			}
		}
	}
	w := httptest.NewRecorder()
	h.Mux.ServeHTTP(w, httptest.NewRequest("GET", "/v1/openapi.yaml", nil))
	if !bytes.Equal(w.Body.Bytes(), page) {
		t.Error("what is served is not the file")
	}
}

// TestOpenAPISchemas compares the schemas with the Go types that are sent.
func TestOpenAPISchemas(t *testing.T) {
	t.Parallel()
	doc := readPage(t)
	for name, v := range map[string]any{
		"EventAnswer": inventory.Answer{}, "ListAnswer": inventory.ListAnswer{}, "Push": checkout.Push{}, "File": checkout.File{},
		"PushAnswer": load.Answer{}, "Problem": zone.Problem{}, "Held": row.Held{}, "Decision": decision.Entry{}, "RRset": zone.RRset{}, "Origin": row.Origin{},
		"Cause": Cause{}, "Explanation": Explanation{}, "Served": ServedSet{}, "Waiting": Waiting{}, "Release": ReleaseLine{},
		"ReleaseDetail": ReleaseDetail{}, "Count": release.Count{}, "Status": Status{}, "Leader": leader.Info{},
		"TableHead": table.Head{}, "Position": table.Position{}, "Table": TableLine{}, "Row": RowLine{}, "RawRow": RawLine{}, "Conflict": ConflictLine{},
		"Entity": EntityLine{}, "Load": row.Load{}, "LoadLine": LoadLine{}, "Gates": publisher.Now{}, "Offer": release.Offer{},
		"Fleet": fleet.Summary{}, "ProxyVersions": fleet.Versions{}, "Proxies": Proxies{}, "Proxy": ProxyLine{}, "ProxyReport": fleet.Report{},
	} {
		s, ok := doc.Components.Schemas[name]
		if !ok {
			t.Errorf("no schema %s", name)
			continue
		}
		shown, real := doc.keys(s), jsonKeys(reflect.TypeOf(v))
		slices.Sort(shown)
		slices.Sort(real)
		if !slices.Equal(shown, real) {
			t.Errorf("schema %s has %v, %T has %v", name, shown, v, real)
		}
	}
}

const schemaRef = "#/components/schemas/"

// keys of a schema's objects, references followed.
func (d openAPI) keys(s schema) (list []string) {
	if name, ok := strings.CutPrefix(s.Ref, schemaRef); ok {
		return d.keys(d.Components.Schemas[name])
	}
	for key := range s.Properties {
		list = append(list, key)
	}
	for _, part := range s.AllOf {
		list = append(list, d.keys(part)...)
	}
	return list
}

func jsonKeys(t reflect.Type) (list []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			list = append(list, jsonKeys(f.Type)...)
		case name != "-" && name != "":
			list = append(list, name)
		}
	}
	return list
}

// TestOpenAPIReferences follows every $ref.
func TestOpenAPIReferences(t *testing.T) {
	t.Parallel()
	var whole map[string]any
	if err := yaml.Unmarshal(page, &whole); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for key, e := range v {
				if ref, ok := e.(string); ok && key == "$ref" {
					at := any(whole)
					for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
						m, _ := at.(map[string]any)
						at = m[part]
					}
					if at == nil {
						t.Errorf("%s leads nowhere", ref)
					}
				}
				walk(e)
			}
		}
	}
	walk(whole)
}
