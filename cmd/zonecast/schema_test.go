package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write ci/schema/config.json as the program's configuration says")

// TestConfigSchema holds ci/schema/config.json to the configuration's structs: keys, types and what their comments say.
func TestConfigSchema(t *testing.T) {
	t.Parallel()
	g := configSchema{t: t, comments: map[string]map[string]string{}}
	root := g.object(reflect.TypeFor[Config]())
	root["$schema"], root["title"] = "http://json-schema.org/draft-07/schema#", "zonecast configuration"
	root["description"] = "zonecast.yaml. Every key may be left out. docs/config.md has them all, with their defaults."
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		t.Fatal(err)
	}
	const path = "../../ci/schema/config.json"
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, want.Bytes()) {
		t.Errorf("%s is not what the configuration says (%v): go test ./cmd/zonecast -run ConfigSchema -update", path, err)
	}
}

// configSchema makes a schema of structs with yaml tags.
type configSchema struct {
	t        *testing.T
	comments map[string]map[string]string // package -> "Struct.Field" -> comment
}

func (g configSchema) object(s reflect.Type) map[string]any {
	properties := map[string]any{}
	for f := range s.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Tag.Get("yaml") == ",inline":
			for k, v := range g.object(f.Type)["properties"].(map[string]any) {
				properties[k] = v
			}
			continue
		case key == "-" || key == "":
			continue
		}
		p := g.of(f.Type)
		if text := g.comment(s, f.Name); text != "" {
			p["description"] = text
		}
		properties[key] = p
	}
	return map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func (g configSchema) of(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": []string{"string", "integer"}, "pattern": "^-?([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$"}
	case t.Kind() == reflect.Pointer:
		return g.of(t.Elem())
	}
	switch t.Kind() {
	case reflect.Struct:
		return g.object(t)
	case reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": g.of(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": []string{"array", "null"}, "items": g.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": []string{"string", "number", "boolean"}} // YAML's readers make texts of these
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64, reflect.Uint8, reflect.Uint16, reflect.Int32:
		p := map[string]any{"type": "integer"}
		if strings.HasPrefix(t.Kind().String(), "uint") {
			p["minimum"] = 0
		}
		return p
	}
	g.t.Fatalf("a key of type %s", t)
	return nil
}

// comment gives what the source says of a field.
func (g configSchema) comment(s reflect.Type, field string) string {
	pkg := s.PkgPath()
	if !strings.HasPrefix(pkg, "zonecast/") && pkg != "main" {
		return ""
	}
	if g.comments[pkg] == nil {
		dir := "."
		if path, ok := strings.CutPrefix(pkg, "zonecast/"); ok && path != "cmd/zonecast" {
			dir = filepath.Join("../..", path)
		}
		g.comments[pkg] = g.read(dir)
	}
	return g.comments[pkg][s.Name()+"."+field]
}

func (g configSchema) read(dir string) map[string]string {
	list := map[string]string{}
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		g.t.Fatal(err)
	}
	var words comment.Parser
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			g.t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, f := range s.Fields.List {
				text := f.Doc.Text() + f.Comment.Text()
				text = strings.Join(strings.Fields(string((&comment.Printer{}).Text(words.Parse(text)))), " ")
				for _, name := range f.Names {
					list[fmt.Sprintf("%s.%s", spec.Name.Name, name.Name)] = text
				}
			}
			return true
		})
	}
	return list
}
