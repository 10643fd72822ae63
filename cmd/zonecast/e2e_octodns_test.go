package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// TestOctoDNSThereAndBack: zones as octoDNS's users have them (many types, split files, includes, long TXT) load unchanged. Exported from what is
// served, in each format that holds all of a zone, and loaded by a second run on a folder of its own, they give the same snapshot, octet for octet.
func TestOctoDNSThereAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, dir := range []string{"rules", "zones"} {
		if err := os.RemoveAll(w.path(dir)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(w.path("zones"), os.DirFS("../../presenter/zonefile/testdata/octodns")); err != nil {
		t.Fatal(err)
	}
	first := w.base("zones", "data")
	if s := w.run("", "snapshot", "stat", first); s.code != 0 {
		t.Fatal(s.err)
	} else {
		contains(t, s.out, "records  69", "zones    4") // those of testdata/octodns.zone there: what the files mean, line by line
	}
	for _, format := range []string{"octodns", "zones", "rfc1035"} {
		w.must("export", "--format", format, "-o", "out/"+format)
	}
	files, err := filepath.Glob(w.path("out/rfc1035/*"))
	if err != nil {
		t.Fatal(err)
	}
	if s := w.run("", append([]string{"import", "-o", "out/imported"}, files...)...); s.code != 0 {
		t.Fatal(s.err)
	}
	w.up.stop(t)
	want := sum(t, first)
	for _, folder := range []string{"octodns", "zones", "imported"} {
		second := w.base("out/"+folder, "data-"+folder)
		if got := sum(t, second); got != want {
			t.Errorf("%s: the second run's snapshot is %s, the first's %s", folder, got, want)
		}
		w.up.stop(t)
	}
}

// base runs the pipeline on a folder of zones alone, with data of its own, and gives the snapshot file of its first release.
func (w *world) base(zones, data string) string {
	w.t.Helper()
	w.launchReady("up", "--zones", zones, "--data", data, "--dns", w.dns, "--http", w.http)
	files, err := filepath.Glob(w.path(data + "/publisher/bases/*.snap"))
	if err != nil || len(files) != 1 {
		w.t.Fatalf("bases of %s: %q, %v", data, files, err)
	}
	return files[0]
}

func sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
