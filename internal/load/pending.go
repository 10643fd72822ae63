package load

import (
	"encoding/json"
	"fmt"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

// pending is a held push with infos in the place of texts. As JSON it can outgrow a row (100,000 files), so it is kept in chunks like a text.
type pending struct {
	Push  checkout.Push           `json:"push"` // without files
	Files map[string]row.FileInfo `json:"files"`
}

// PutPending keeps a push in the table until it is released. There is one at a time: the newest.
func PutPending(tx Tx, p checkout.Push) {
	DropPending(tx)
	w := pending{Push: p, Files: make(map[string]row.FileInfo, len(p.Files))}
	w.Push.Files, w.Push.Plan = nil, nil // whoever releases it has read what differs from the plan
	for _, f := range p.Files {
		w.Files[f.Path] = infoOf(f, p.Commit, p.Author)
		putChunks(tx, prefixPush, f, 0)
	}
	list, err := json.Marshal(w)
	if err != nil {
		panic(err) // plain structs of ours: cannot happen
	}
	f := checkout.File{Data: list}
	putChunks(tx, prefixPush, f, 0)
	putJSON(tx, keyPush, infoOf(f, p.Commit, p.Author))
}

// Pending reads the held push; ok is false when there is none.
func Pending(t interface{ Get(string) ([]byte, bool) }) (p checkout.Push, ok bool, err error) {
	w, _, ok, err := readPending(t)
	if err != nil || !ok {
		return p, false, err
	}
	p = w.Push
	for path, info := range w.Files {
		data, err := chunks(t, prefixPush, path, info)
		if err != nil {
			return p, false, err
		}
		p.Files = append(p.Files, checkout.File{Path: path, Data: data})
	}
	sortFiles(p.Files)
	return p, true, nil
}

func readPending(t interface{ Get(string) ([]byte, bool) }) (w pending, list row.FileInfo, ok bool, err error) {
	value, ok := t.Get(keyPush)
	if !ok {
		return w, list, false, nil
	}
	if err := json.Unmarshal(value, &list); err != nil {
		return w, list, false, fmt.Errorf("row %s: %w", keyPush, err)
	}
	text, err := chunks(t, prefixPush, "", list)
	if err != nil {
		return w, list, false, err
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return w, list, false, fmt.Errorf("row %s: %w", keyPush, err)
	}
	return w, list, true, nil
}

// DropPending forgets the held push, if there is one. Of a damaged one the texts stay behind; they do no harm.
func DropPending(tx Tx) {
	w, list, _, _ := readPending(tx)
	for path, info := range w.Files {
		deleteChunks(tx, prefixPush, path, info)
	}
	deleteChunks(tx, prefixPush, "", list)
	tx.Delete(keyPush)
}
