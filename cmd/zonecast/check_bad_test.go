package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zonecast/internal/checkout"
	"zonecast/internal/zone"
)

// seeded copies testdata/bad to a folder of its own, adds what a repository cannot hold, and gives what is to be found
// there: "file:line:column code", sorted.
func seeded(t *testing.T) (dir string, want []string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/bad")); err != nil {
		t.Fatal(err)
	}
	mark := regexp.MustCompile(`# want: ([a-z0-9-]+ \d+(?:, [a-z0-9-]+ \d+)*)`)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		for i, line := range strings.Split(string(text), "\n") {
			m := mark.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			for _, one := range strings.Split(m[1], ", ") {
				code, column, _ := strings.Cut(one, " ")
				want = append(want, fmt.Sprintf("%s:%d:%s %s", rel, i+1, column, code))
			}
		}
		return nil
	})
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	zones := filepath.Join(dir, "zones")
	must(os.WriteFile(filepath.Join(dir, "secret.yaml"), []byte("{}\n"), 0o600))
	must(os.Symlink("../secret.yaml", filepath.Join(zones, "link.example.yaml")))
	must(os.Symlink("circle.example.yaml", filepath.Join(zones, "circle.example.yaml")))
	must(os.Mkdir(filepath.Join(zones, "folder.example.yaml"), 0o700))
	must(syscall.Mkfifo(filepath.Join(zones, "pipe.example.yaml"), 0o600))
	must(os.WriteFile(filepath.Join(zones, "hundred.example.yaml"), nil, 0o600))
	must(os.Truncate(filepath.Join(zones, "hundred.example.yaml"), 100<<20))
	must(os.WriteFile(filepath.Join(zones, "bytes.example.yaml"), []byte("www: \xff\xfe\x00\x01\n"), 0o600))
	must(os.WriteFile(filepath.Join(zones, "deep.example.yaml"), []byte("www: "+strings.Repeat("[", 20_000)+"\n"), 0o600))
	must(os.WriteFile(filepath.Join(dir, "rules", "deep.yaml"), []byte("module: "+strings.Repeat("[", 20_000)+"\n"), 0o600))
	must(os.WriteFile(filepath.Join(zones, "nothing.example.yaml"), nil, 0o600))
	must(os.WriteFile(filepath.Join(dir, "rules", "nothing.yaml"), nil, 0o600))
	want = append(want, "zones/link.example.yaml:1:1 bad-link", "zones/circle.example.yaml:1:1 bad-link", "zones/folder.example.yaml:1:1 not-a-file",
		"zones/pipe.example.yaml:1:1 not-a-file", "zones/hundred.example.yaml:1:1 file-too-large", "zones/bytes.example.yaml:1:1 yaml-syntax",
		"zones/deep.example.yaml:1:1 yaml-syntax", "rules/deep.yaml:1:1 yaml-syntax", "zones/nothing.example.yaml:1:1 empty-file", "rules/nothing.yaml:1:1 file-empty")
	slices.Sort(want)
	return dir, want
}

// TestSeededMistakes runs check once over a tree with everything wrong in it: each mistake is told with its code, line and column,
// and nothing else.
func TestSeededMistakes(t *testing.T) {
	t.Parallel()
	dir, want := seeded(t)
	if len(want) < 60 {
		t.Fatalf("%d mistakes", len(want))
	}
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetArgs([]string{"check", "-c", filepath.Join(dir, "zonecast.yaml"), "--format", "json"})
	err := root.ExecuteContext(t.Context())
	if exit, ok := err.(exitCode); !ok || exit.code != 1 {
		t.Fatalf("exit %v", err)
	}
	var got []string
	codes, excused := map[string]bool{}, 0
	for s := bufio.NewScanner(&out); s.Scan(); {
		var p struct {
			zone.Problem
			Excused *zone.Problem
		}
		if err := json.Unmarshal(s.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if p.Excused != nil {
			excused++
		}
		if p.Check == "" {
			continue
		}
		codes[p.Check] = true
		file := strings.TrimPrefix(p.File, dir+"/")
		got = append(got, fmt.Sprintf("%s:%d:%d %s", file, p.Line, p.Column, p.Check))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if excused != 1 {
		t.Errorf("%d excused", excused)
	}
	t.Logf("%d mistakes with %d codes found in one run", len(got), len(codes))
}

// Loading takes nothing of a folder in which a file cannot be read: half of it would be served.
func TestNothingHalfRead(t *testing.T) {
	t.Parallel()
	dir, _ := seeded(t)
	set, err := checkout.Read(context.Background(), filepath.Join(dir, "zones"))
	if err == nil || len(set.Files) > 0 {
		t.Errorf("%d files, %v", len(set.Files), err)
	}
}
