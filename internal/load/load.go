// Package load keeps reviewed files in a table (zones, rules.<source>): the text of each file in chunks, what was
// loaded last, and a push that waits for its release. Both loaders share it: what a file means is theirs, how it
// gets into the table, and whether a push may, is here.
//
// Rows, besides those that package row names:
//
//	file/<path>         row.FileInfo as JSON
//	file/<path>#0000    the first chunk of its text
//	load                row.Load as JSON
//	push                row.FileInfo of a held push's description
//	push/#0000          the first chunk of the description, JSON
//	push/<path>#0000    the first chunk of a text in it
package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

// Rows reads a table; table.Writer, table.View and table.Follower do.
type Rows interface {
	Get(key string) ([]byte, bool)
	All() iter.Seq2[string, []byte]
}

// Tx changes a table; table.Tx does.
type Tx interface {
	Get(key string) ([]byte, bool)
	Put(key string, value []byte)
	Delete(key string)
}

// ErrCorrupt is a file row that cannot be read back.
var ErrCorrupt = errors.New("corrupt file row")

// chunkSize keeps a row far below table.MaxValue and lets a shard hold a few of them.
const chunkSize = 64 << 10

// Is tells whether a key belongs to this package, so that followers can pass over it.
func Is(key string) bool {
	return key == row.KeyLoad || key == keyPush || strings.HasPrefix(key, row.PrefixFile) || strings.HasPrefix(key, prefixPush) || strings.HasPrefix(key, prefixTried)
}

// Loaded reads what was loaded last; ok is false for a table that nothing was ever loaded into.
func Loaded(t interface{ Get(string) ([]byte, bool) }) (l row.Load, ok bool, err error) {
	value, ok := t.Get(row.KeyLoad)
	if !ok {
		return l, false, nil
	}
	if err := json.Unmarshal(value, &l); err != nil {
		return l, false, fmt.Errorf("row %s: %w", row.KeyLoad, err)
	}
	return l, true, nil
}

// PutLoaded records what was loaded.
func PutLoaded(tx Tx, l row.Load) { putJSON(tx, row.KeyLoad, l) }

// Infos reads what is known of all loaded files, by path.
func Infos(t Rows) (map[string]row.FileInfo, error) {
	infos := make(map[string]row.FileInfo)
	for key, value := range t.All() {
		path, ok := strings.CutPrefix(key, row.PrefixFile)
		if !ok || strings.Contains(path, "#") {
			continue
		}
		var info row.FileInfo
		if err := json.Unmarshal(value, &info); err != nil {
			return nil, fmt.Errorf("row %s: %w", key, err)
		}
		infos[path] = info
	}
	return infos, nil
}

// Files reads the loaded files with these infos, sorted by path.
func Files(t interface{ Get(string) ([]byte, bool) }, infos map[string]row.FileInfo) ([]checkout.File, error) {
	files := make([]checkout.File, 0, len(infos))
	for path, info := range infos {
		f, err := File(t, path, info)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	sortFiles(files)
	return files, nil
}

// File reads one loaded file.
func File(t interface{ Get(string) ([]byte, bool) }, path string, info row.FileInfo) (checkout.File, error) {
	data, err := chunks(t, row.PrefixFile, path, info)
	return checkout.File{Path: path, Data: data}, err
}

// PutFile writes a file, in the load of the given commit and its author, over an older version of it or anew, and gives what is known
// of it now.
func PutFile(tx Tx, f checkout.File, commit, author string) row.FileInfo {
	var old row.FileInfo
	if value, ok := tx.Get(row.PrefixFile + f.Path); ok {
		_ = json.Unmarshal(value, &old) // a damaged row is written over
	}
	info := infoOf(f, commit, author)
	putChunks(tx, row.PrefixFile, f, old.Chunks)
	putJSON(tx, row.PrefixFile+f.Path, info)
	return info
}

// DeleteFile removes a file with its text.
func DeleteFile(tx Tx, path string, info row.FileInfo) {
	deleteChunks(tx, row.PrefixFile, path, info)
	tx.Delete(row.PrefixFile + path)
}

func putJSON(tx Tx, key string, v any) {
	value, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours: cannot happen
	}
	tx.Put(key, value)
}
