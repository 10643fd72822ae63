package format

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"zonecast/internal/zone/zonetest"
	"zonecast/presenter/zonefile/write"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob("testdata/golden/*.txtar")
	if len(paths) < 4 {
		t.Fatal("no test data")
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format("example.com.yaml", a.Files[0].Data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if *update {
			a.Files[1].Data = got
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if !bytes.Equal(got, a.Files[1].Data) {
			t.Errorf("%s: got\n%s", path, got)
		}
		if again, err := Format("example.com.yaml", got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s: a second time: %v\n%s", path, err, again)
		}
	}
}

// What is wrong, and what only its author can lay out, comes back as an error that says which of the two it is.
func TestWhatIsLeft(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"www: {type: A, value: 192.0.2.300}": "example.com.yaml:1:23",
		"www:\n\ttype: A\n":                  "tab",
		"":                                   "zero bytes",
		"a: b: c\n":                          "yaml-syntax",
		"www: {type: A, value: 192.0.2.1}\nwww: {type: A, value: 192.0.2.2}\n": "duplicate-key",
		"www: !include web.yaml\n":                   "kept as it is: the tag !include in line 1",
		"a: &x {type: A, value: 192.0.2.1}\nb: *x\n": "kept as it is: the anchor &x in line 1",
		"%YAML 1.1\n---\n{}\n":                       "kept as it is: it begins with a YAML directive",
	} {
		_, err := Format("example.com.yaml", []byte(text))
		var broken *Broken
		if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, &broken) == errors.Is(err, ErrKept) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The zone files of the project itself, and of the reader's tests, keep their meaning.
func TestProjectFiles(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob("../../../zones/*.yaml")
	more, _ := filepath.Glob("../testdata/*.yaml")
	warn, _ := filepath.Glob("../testdata/warn/*.yaml")
	if paths = append(append(paths, more...), warn...); len(paths) < 5 {
		t.Fatal(paths)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format(filepath.Base(path), text)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if again, err := Format(filepath.Base(path), got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s: a second time: %v", path, err)
		}
	}
}

// What package write prints is canonical already: `import` and `fmt` agree.
func TestWrittenFilesAreCanonical(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zonetest.Draw(t)
		var text bytes.Buffer
		if err := write.Write(&text, zonetest.Apex, z.All(), write.Options{TTL: 3600}); err != nil {
			t.Fatal(err)
		}
		if got, err := Format("example.com.yaml", text.Bytes()); err != nil || !bytes.Equal(got, text.Bytes()) {
			t.Fatalf("%v\n%s\n%s", err, text.Bytes(), got)
		}
	})
}
