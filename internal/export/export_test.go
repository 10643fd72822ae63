package export

import (
	"bytes"
	"flag"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile/write"
)

var update = flag.Bool("update", false, "write the golden files anew")

// build compiles zone files.
func build(t *testing.T, texts ...string) *snapshot.Snapshot {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i, text := range texts {
		path := filepath.Join(dir, string(rune('a'+i))+".zone")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	out := filepath.Join(dir, "zones.snap")
	if _, problems, err := (snapshot.ZoneFiles{Paths: paths}).Compile(out, new(snapshot.Progress)); err != nil {
		t.Fatal(err, problems)
	}
	return open(t, out)
}

func open(t *testing.T, path string) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func inYAML(w io.Writer, apex zone.Name, names iter.Seq2[zone.Name, []zone.RRset], octo bool) error {
	return write.Write(w, apex, names, write.Options{OctoDNS: octo})
}

func name(t *testing.T, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// written gives all files and losses of an export.
func written(t *testing.T, j Job, c snapshot.Content) (map[string]string, string) {
	t.Helper()
	files, err := j.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	var lost Losses
	texts := map[string]string{}
	for _, f := range files {
		var b bytes.Buffer
		some, err := f.Write(&b)
		if err != nil {
			t.Fatal(err)
		}
		lost.Join(some)
		texts[f.Name] = b.String()
	}
	var b strings.Builder
	lost.Print(&b)
	return texts, b.String()
}

// TestFormats holds every format to testdata/formats.txtar: zone files first, then what each makes of them and says on
// standard error. -update writes it anew.
func TestFormats(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "formats.txtar")
	golden, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var zones []string
	want := map[string]string{}
	for _, f := range golden.Files {
		if strings.HasPrefix(f.Name, "in/") {
			zones = append(zones, string(f.Data))
		} else {
			want[f.Name] = string(f.Data)
		}
	}
	s := build(t, zones...)
	got := map[string]string{}
	for _, format := range Formats {
		texts, lost := written(t, Job{Format: format, Folder: "/etc/unbound/zones", YAML: inYAML}, s)
		for file, text := range texts {
			got[filepath.Join(string(format), file)] = text
		}
		got[filepath.Join(string(format), "stderr")] = lost
	}
	if *update {
		golden.Files = slices.DeleteFunc(golden.Files, func(f txtar.File) bool { return !strings.HasPrefix(f.Name, "in/") })
		for _, name := range slices.Sorted(maps.Keys(got)) {
			golden.Files = append(golden.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
		if err := os.WriteFile(path, txtar.Format(golden), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range got {
		if want[name] != text && !*update {
			t.Errorf("%s: got\n%s\nwant\n%s", name, text, want[name])
		}
	}
}

// TestZoneFilesBuildTheSameSnapshot: what was compiled from zone files is compiled to the same octets, seed included, from
// its export.
func TestZoneFilesBuildTheSameSnapshot(t *testing.T) {
	t.Parallel()
	golden, err := txtar.ParseFile(filepath.Join("testdata", "formats.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var zones []string
	for _, f := range golden.Files {
		if strings.HasPrefix(f.Name, "in/") {
			zones = append(zones, string(f.Data))
		}
	}
	first := build(t, zones...)
	texts, _ := written(t, Job{Format: RFC1035}, first)
	second := build(t, slices.Collect(maps.Values(texts))...)
	if a, b := first.Stat(), second.Stat(); a != b || a.SHA256 == "" {
		t.Errorf("%+v, then %+v", a, b)
	}
}

func TestSerials(t *testing.T) {
	t.Parallel()
	const soa = "ns1.example. host.example. 7 3600 600 86400 300"
	data, err := zone.ParseRdata(zone.TypeSOA, soa, "")
	if err != nil {
		t.Fatal(err)
	}
	servers, err := zone.ParseRdata(zone.TypeNS, "ns1.example.", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		literal bool
		serial  uint32
		want    string
	}{{false, 1795000184, "1795000184"}, {true, 1795000184, "7"}, {false, 0, "7"}} {
		apex := name(t, "example.")
		b := snapshot.NewBuilder(snapshot.Seed{})
		if err := b.AddZone(snapshot.Zone{Apex: apex, SerialLiteral: test.literal}); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(snapshot.Node{Name: apex, Sets: []zone.RRset{{Type: zone.TypeNS, TTL: 60, Data: []zone.Rdata{servers}},
			{Type: zone.TypeSOA, TTL: 60, Data: []zone.Rdata{data}}}}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "z.snap")
		if _, err := b.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		s := open(t, path)
		for format, want := range map[Format]string{
			RFC1035: "host.example. " + test.want + " 3600",
			TinyDNS: "Zexample:ns1.example:host.example:" + test.want + ":3600:600:86400:300:60\n",
			Unbound: "host.example. " + test.want + " 3600",
		} {
			texts, _ := written(t, Job{Format: format, Serial: test.serial}, s)
			for _, text := range texts {
				if !strings.Contains(text, want) {
					t.Errorf("%+v %s: no %q in\n%s", test, format, want, text)
				}
			}
		}
	}
}

func TestChoice(t *testing.T) {
	t.Parallel()
	const soa = "@ 60 IN SOA ns h 1 1 1 1 1\n@ 60 IN NS ns\n"
	s := build(t, "$ORIGIN a.example.\n"+soa, "$ORIGIN b.example.\n"+soa, "$ORIGIN 0/25.2.0.192.in-addr.arpa.\n"+soa)
	texts, _ := written(t, Job{Format: RFC1035, Zones: []zone.Name{name(t, "b.example."), name(t, "b.example.")}}, s)
	if got := slices.Collect(maps.Keys(texts)); !slices.Equal(got, []string{"b.example.zone"}) {
		t.Errorf("files %q", got)
	}
	texts, _ = written(t, Job{Format: RFC1035}, s)
	if _, ok := texts["0_25.2.0.192.in-addr.arpa.zone"]; !ok || len(texts) != 3 {
		t.Errorf("files %q", slices.Collect(maps.Keys(texts)))
	}
	same := build(t, "$ORIGIN 0_25.2.0.192.in-addr.arpa.\n"+soa, "$ORIGIN 0/25.2.0.192.in-addr.arpa.\n"+soa)
	if _, err := (Job{Format: RFC1035}).Files(same); err == nil {
		t.Error("the file of one zone takes the place of another's")
	}
	if _, err := (Job{Format: OctoDNS, YAML: inYAML}).Files(s); err == nil {
		t.Error("a zone with a slash in its name becomes another's file")
	}
	if _, err := (Job{Format: TinyDNS, Zones: []zone.Name{name(t, "c.example.")}}).Files(s); err == nil {
		t.Error("a zone that is not there makes an export without it")
	}
}
