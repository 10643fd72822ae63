package load

import (
	"encoding/json"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

// prefixTried is where texts lie that were tried and stopped: one for a path, until it is released or mended.
//
//	tried/<path>         row.FileInfo as JSON
//	tried/<path>#0000    the first chunk of its text
const prefixTried = "tried/"

// PutTried keeps a text that is not to be in force before somebody releases it.
func PutTried(tx Tx, f checkout.File, commit string) {
	var old row.FileInfo
	if value, ok := tx.Get(prefixTried + f.Path); ok {
		_ = json.Unmarshal(value, &old) // a damaged row is written over
	}
	putChunks(tx, prefixTried, f, old.Chunks)
	putJSON(tx, prefixTried+f.Path, infoOf(f, commit, ""))
}

// Tried reads a kept text; ok is false when there is none.
func Tried(t interface{ Get(string) ([]byte, bool) }, path string) (f checkout.File, ok bool, err error) {
	value, ok := t.Get(prefixTried + path)
	if !ok {
		return f, false, nil
	}
	var info row.FileInfo
	if err := json.Unmarshal(value, &info); err != nil {
		return f, false, err
	}
	data, err := chunks(t, prefixTried, path, info)
	return checkout.File{Path: path, Data: data}, err == nil, err
}

// DropTried forgets a kept text.
func DropTried(tx Tx, path string) {
	value, ok := tx.Get(prefixTried + path)
	if !ok {
		return
	}
	var info row.FileInfo
	_ = json.Unmarshal(value, &info) // of a damaged row the text stays behind; it does no harm
	deleteChunks(tx, prefixTried, path, info)
	tx.Delete(prefixTried + path)
}
