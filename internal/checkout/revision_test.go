package checkout

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// repository has a folder zones of two commits; the work tree is ahead of both.
func repository(t *testing.T) (zones, first string) {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	write(t, dir, "zones/b.example.yaml", "b: 1\n")
	write(t, dir, "zones/a.example/one.yml", "a: \"ü\"\n")
	write(t, dir, "zones/.hidden.yaml", "x\n")
	write(t, dir, "zones/.d/x.yaml", "x\n")
	write(t, dir, "zones/notes.txt", "x\n")
	write(t, dir, "other.yaml", "x\n")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-qm", "one")
	return filepath.Join(dir, "zones"), run(t, dir, "rev-parse", "HEAD")
}

func TestReadRevision(t *testing.T) {
	t.Parallel()
	zones, first := repository(t)
	want := read(t, zones)
	write(t, zones, "b.example.yaml", "b: 2\n")
	write(t, zones, "c.example.yaml", strings.Repeat("# long\n", 20_000))
	run(t, zones, "add", ".")
	run(t, zones, "commit", "-qm", "two")
	second := read(t, zones)
	write(t, zones, "b.example.yaml", "b: not committed\n")
	for revision, want := range map[string]Set{"HEAD~1": want, first: want, "HEAD": second} {
		got, err := ReadRevision(t.Context(), zones, revision)
		if err != nil {
			t.Fatal(err)
		}
		want.Author = got.Author // who wrote a revision matters to nobody
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", revision, got, want)
		}
	}
	if text, err := os.ReadFile(filepath.Join(zones, "b.example.yaml")); err != nil || string(text) != "b: not committed\n" {
		t.Errorf("the work tree was touched: %q, %v", text, err)
	}
	// A folder that the revision does not have is empty: all of it is new.
	write(t, zones, "../new/d.yaml", "{}\n")
	if got, err := ReadRevision(t.Context(), filepath.Join(zones, "../new"), "HEAD"); err != nil || len(got.Files) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadRevisionRefuses(t *testing.T) {
	t.Parallel()
	zones, _ := repository(t)
	if err := os.Symlink("b.example.yaml", filepath.Join(zones, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	run(t, zones, "add", ".")
	run(t, zones, "commit", "-qm", "link")
	for revision, want := range map[string]string{
		"HEAD": "link.yaml of HEAD is no regular file", "nowhere": `git knows no revision "nowhere"`, "--help": "git knows no revision", "": "git knows no revision",
		"HEAD:zones": "git knows no revision",
	} {
		if got, err := ReadRevision(t.Context(), zones, revision); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v", revision, got, err)
		}
	}
	if _, err := ReadRevision(t.Context(), t.TempDir(), "HEAD"); err == nil || !strings.Contains(err.Error(), "in no git repository") {
		t.Error(err)
	}
}

// What git prints is checked as everything that comes from outside.
func TestReadBatch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1234 blob 3\nabc\n":             "",
		"1234 missing\n":                 "git says",
		"1234 tree 3\nabc\n":             "git says",
		"1234 blob -1\n":                 "git says",
		"1234 blob 16777217\nabc":        "larger than 16 MiB",
		"1234 blob 4\nabc":               "EOF",
		"1234 blob 3\nabc":               "EOF",
		"":                               "EOF",
		"1234 blob 99999999999999999999": "EOF",
	} {
		err := readBatch(bufio.NewReader(strings.NewReader(text)), []File{{Path: "a.yaml"}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
