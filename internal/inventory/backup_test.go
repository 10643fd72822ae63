package inventory

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func backup(t *testing.T) (string, []BackupRow) {
	t.Helper()
	rows := []BackupRow{
		{PrefixFeed + "cmdb", Feed{Name: "cmdb"}.Encode()},
		{"server/a", Row{Rev: 3, Feed: "cmdb", Attrs: []byte(`{"x":1}`)}.Encode()},
		{"server/b", Row{Rev: 4, Feed: "cmdb", Deleted: 1795190246}.Encode()},
	}
	var text bytes.Buffer
	w, err := NewBackupWriter(&text, "inventory.main", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Row(r.Key, r.Raw); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := w.Close(); n != len(rows) || err != nil {
		t.Fatal(n, err)
	}
	return text.String(), rows
}

func TestBackupIsReadBack(t *testing.T) {
	t.Parallel()
	text, rows := backup(t)
	table, got, err := ReadBackup(strings.NewReader(text), 2)
	if err != nil || table != "inventory.main" {
		t.Fatal(table, err)
	}
	if d := cmp.Diff(rows, got); d != "" {
		t.Error(d)
	}
}

// TestBadBackups: half an inventory would look like a fleet that lost its other half.
func TestBadBackups(t *testing.T) {
	t.Parallel()
	text, _ := backup(t)
	lines := strings.SplitAfter(text, "\n")
	for name, c := range map[string]struct{ text, says string }{
		"empty":       {"", "ends before"},
		"cut":         {strings.Join(lines[:4], ""), "ends before"},
		"a row less":  {strings.Join(append(lines[:2:2], lines[3:]...), ""), "3 rows announced, 2 came"},
		"a row twice": {strings.Join(append(lines[:3:3], lines[2:]...), ""), "ascend"},
		"another row": {strings.Replace(text, "server/a", "server/aa", 1), "sum"},
		"more":        {text + lines[2], "follows"},
		"other table": {strings.Replace(text, "inventory.", "presented.", 1), "no backup of an inventory"},
		"no row":      {strings.Replace(text, `"key":"server/a","raw":"`, `"key":"server/a","raw":"AAAA`, 1), "corrupt"},
		"bad role":    {strings.Replace(text, `"key":"server/a"`, `"key":"@number/zk"`, 1), "corrupt"},
		"bad key":     {strings.Replace(text, `"key":"server/a"`, `"key":"server"`, 1), "bad key"},
		"other field": {strings.Replace(text, `"key":"server/a"`, `"name":"server/a"`, 1), "unknown field"},
		"no JSON":     {strings.Replace(text, `{"key":"server/a"`, `"key":"server/a"`, 1), "line 3"},
	} {
		if _, _, err := ReadBackup(strings.NewReader(c.text), 2); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := ReadBackup(strings.NewReader(text), 1); err == nil || !strings.Contains(err.Error(), "more than 1 entities") {
		t.Error(err)
	}
}

func FuzzBackup(f *testing.F) {
	f.Add([]byte(`{"backup":"inventory.main"}` + "\n" + `{"rows":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, rows, err := ReadBackup(bytes.NewReader(text), 1)
		entities := 0
		for _, r := range rows {
			if _, _, ok := SplitKey(r.Key); ok {
				entities++
			}
		}
		if err == nil && entities > 1 {
			t.Fatal("more entities than allowed")
		}
	})
}
