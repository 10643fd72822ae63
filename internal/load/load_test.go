package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"strings"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

type rows map[string][]byte

func (r rows) Get(key string) ([]byte, bool)  { v, ok := r[key]; return v, ok }
func (r rows) Put(key string, value []byte)   { r[key] = bytes.Clone(value) }
func (r rows) Delete(key string)              { delete(r, key) }
func (r rows) All() iter.Seq2[string, []byte] { return maps.All(r) }

func TestFilesRoundTrip(t *testing.T) {
	t.Parallel()
	table := rows{"name/other": nil}
	long := checkout.File{Path: "a/long.yaml", Data: bytes.Repeat([]byte("x"), 3*chunkSize+1)}
	PutFile(table, long, "c1", "")
	PutFile(table, checkout.File{Path: "empty.yaml"}, "c1", "")
	long.Data = long.Data[:chunkSize]
	PutFile(table, long, "c2", "")
	infos, err := Infos(table)
	if err != nil || len(infos) != 2 || infos[long.Path].Commit != "c2" || infos[long.Path].Chunks != 1 {
		t.Fatalf("infos %v, %v", infos, err)
	}
	files, err := Files(table, infos)
	if err != nil || len(files) != 2 || !bytes.Equal(files[0].Data, long.Data) {
		t.Fatalf("files %d, %v", len(files), err)
	}
	DeleteFile(table, long.Path, infos[long.Path])
	DeleteFile(table, "empty.yaml", infos["empty.yaml"])
	if len(table) != 1 {
		t.Fatalf("left behind: %v", table)
	}
}

func TestDamagedTextIsNotLoaded(t *testing.T) {
	t.Parallel()
	table := rows{}
	PutFile(table, checkout.File{Path: "a.yaml", Data: []byte("text")}, "c1", "")
	infos, _ := Infos(table)
	table["file/a.yaml#0000"] = []byte("tixt")
	if _, err := Files(table, infos); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
	delete(table, "file/a.yaml#0000")
	if _, err := Files(table, infos); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
}

// What a crash in the middle of a push leaves must load again, or nobody could start any more.
func TestMend(t *testing.T) {
	t.Parallel()
	table := rows{}
	for _, path := range []string{"good.yaml", "bad.yaml"} {
		PutFile(table, checkout.File{Path: path, Data: []byte("text")}, "c1", "")
	}
	PutLoaded(table, row.Load{Commit: "c1"})
	delete(table, "file/bad.yaml#0000")
	damaged, err := Mend(table, table)
	if err != nil || len(damaged) != 1 || damaged[0] != "bad.yaml" {
		t.Fatal(damaged, err)
	}
	infos, err := Infos(table)
	if files, ferr := Files(table, infos); err != nil || ferr != nil || len(files) != 1 {
		t.Fatal(files, err, ferr)
	}
	if _, ok, err := Loaded(table); ok || err != nil {
		t.Fatal("the commit still counts as loaded", err)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	table := rows{}
	for _, path := range []string{"same", "changed", "gone"} {
		PutFile(table, checkout.File{Path: path, Data: []byte("1")}, "c1", "")
	}
	infos, _ := Infos(table)
	d := Diff(infos, []checkout.File{{Path: "changed", Data: []byte("2")}, {Path: "new"}, {Path: "same", Data: []byte("1")}})
	if len(d.Changed) != 2 || d.Changed[1].Path != "new" || len(d.Same) != 1 || len(d.Gone) != 1 || d.Gone[0] != "gone" {
		t.Fatalf("%+v", d)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		commit, base string
		descends     bool
		loaded, want string
		conflict     bool
	}{
		"first":            {commit: "a", descends: true, want: StatusLoaded},
		"next":             {commit: "b", base: "a", descends: true, loaded: "a", want: StatusLoaded},
		"same":             {commit: "a", base: "x", loaded: "a", want: StatusUnchanged},
		"older":            {commit: "0", base: "a", loaded: "a", want: StatusHeld},
		"compared too old": {commit: "c", base: "a", descends: true, loaded: "b", conflict: true},
		"first, compared":  {commit: "c", base: "a", descends: true, conflict: true},
	} {
		got, err := Decide(checkout.Push{Set: checkout.Set{Commit: c.commit}, Base: c.base, Descends: c.descends},
			row.Load{Commit: c.loaded}, c.loaded != "")
		if got != c.want || errors.Is(err, ErrConflict) != c.conflict {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestPending(t *testing.T) {
	t.Parallel()
	table := rows{}
	if _, ok, err := Pending(table); ok || err != nil {
		t.Fatal(ok, err)
	}
	p := checkout.Push{Set: checkout.Set{Commit: "c2", Files: []checkout.File{{Path: "a", Data: []byte("1")},
		{Path: "b", Data: bytes.Repeat([]byte("x"), chunkSize+1)}}}, Base: "c1"}
	PutPending(table, checkout.Push{Set: checkout.Set{Commit: "older", Files: []checkout.File{{Path: "z", Data: []byte("9")}}}})
	PutPending(table, p)
	got, ok, err := Pending(table)
	if err != nil || !ok || got.Commit != "c2" || got.Base != "c1" || len(got.Files) != 2 || !bytes.Equal(got.Files[1].Data, p.Files[1].Data) {
		t.Fatalf("%+v %v %v", got, ok, err)
	}
	for key := range table {
		if !Is(key) {
			t.Errorf("key %q is not known as ours", key)
		}
	}
	DropPending(table)
	if len(table) != 0 {
		t.Fatalf("left behind: %v", table)
	}
}

func TestDecodePush(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"good":      {`{"commit":"c","files":[{"path":"b.yaml","data":"eA=="},{"path":"a.yaml","data":""}],"descends":true}`, ""},
		"no commit": {`{"files":[]}`, "commit"},
		"unknown":   {`{"commit":"c","fils":[]}`, "unknown field"},
		"twice":     {`{"commit":"c","files":[{"path":"a"},{"path":"a"}]}`, "twice"},
		"parent":    {`{"commit":"c","files":[{"path":"../a"}]}`, "relative"},
		"absolute":  {`{"commit":"c","files":[{"path":"/a"}]}`, "relative"},
		"escaped":   {`{"commit":"c","files":[{"path":"a.yaml"},{"path":"b\\047c.yaml"}]}`, ""},
		"backslash": {`{"commit":"c","files":[{"path":"b\\047\\c.yaml"}]}`, "backslash"},
		"control":   {`{"commit":"c","files":[{"path":"b\\047\n.yaml"}]}`, "control"},
		"chunk":     {`{"commit":"c","files":[{"path":"a#0001"}]}`, "without #"},
		"cut off":   {`{"commit":"c","files":[`, "unexpected"},
	} {
		p, err := DecodePush(strings.NewReader(c.body))
		if (c.want == "") != (err == nil) || (err != nil && !strings.Contains(strings.ToLower(err.Error()), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && p.Files[0].Path != "a.yaml" {
			t.Errorf("%s: files are not sorted", name)
		}
	}
	if err := Check([]checkout.File{{Path: "a", Data: make([]byte, checkout.MaxFile+1)}}); err == nil {
		t.Error("an oversized file passed")
	}
}

func FuzzPush(f *testing.F) {
	f.Add([]byte(`{"commit":"c","files":[{"path":"b.yaml","data":"eA=="}],"descends":true,"base":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := DecodePush(bytes.NewReader(body))
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodePush(bytes.NewReader(again)); err != nil {
			t.Fatal(err)
		}
	})
}
