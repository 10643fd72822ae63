package show

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"zonecast/internal/plan"
)

// A plan file comes from outside: whatever it holds, it is refused or shown, and a comment keeps its bound.
func FuzzPlan(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Add([]byte(`{"format":1,"changes":[{"name":"","zone":"","kind":"","sets":[{"type":"A"},{"type":"TYPE0","before":{"type":"A","ttl":1,"data":[]}}]}],"summaries":[{}],"stopped":[{}],"problems":[{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p plan.Plan
		if json.Unmarshal(text, &p) != nil {
			return
		}
		if err := Text(io.Discard, &p, Options{}); err != nil {
			t.Fatal(err)
		}
		var comment bytes.Buffer
		if err := Markdown(&comment, &p); err != nil {
			t.Fatal(err)
		}
		if comment.Len() > MaxMarkdown {
			t.Fatalf("a comment of %d octets", comment.Len())
		}
		if err := HTML(io.Discard, &p); err != nil {
			t.Fatal(err)
		}
		p.Format = plan.Format
		if err := p.Seal(); err != nil {
			return // a time that JSON cannot have
		}
		var file bytes.Buffer
		if err := JSON(&file, &p); err != nil {
			t.Fatal(err)
		}
		if again, err := plan.Read(&file); err == nil && again.Digest != p.Digest {
			t.Fatalf("digest %s became %s", p.Digest, again.Digest)
		}
	})
}
