package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/row"
)

// maxGenerated bounds the names whose records other rules would change.
const maxGenerated = 1_000_000

// ErrUnknownText is a file that came without its text and is not loaded with its hash.
var ErrUnknownText = errors.New("its own text is needed, and has to have the hash that is said")

// DecodeAsk reads what a plan is to be made of, with every bound and every path checked.
func DecodeAsk(r io.Reader) (a plan.Ask, err error) {
	limited := &io.LimitedReader{R: r, N: MaxBody + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		if limited.N <= 0 {
			return a, fmt.Errorf("the files of a plan are larger than %d MiB", MaxPush>>20)
		}
		return a, fmt.Errorf("plan: %w", err)
	}
	if len(a.Commit) > 100 || len(a.Prefix) > 1000 || len(a.Author) > 1000 {
		return a, errors.New("plan: commit, prefix or author is too long")
	}
	if len(a.Generated) > maxGenerated {
		return a, fmt.Errorf("plan: %d generated names; at most %d", len(a.Generated), maxGenerated)
	}
	files := make([]checkout.File, len(a.Files))
	for i, f := range a.Files {
		files[i] = checkout.File{Path: f.Path, Data: f.Data}
	}
	return a, Check(Sorted(files))
}

// Asked gives the set that a plan is to be made of. What came without its text is read from the table.
func Asked(t Rows, a plan.Ask, infos map[string]row.FileInfo) (set checkout.Set, err error) {
	set = checkout.Set{Commit: a.Commit, Prefix: a.Prefix, Author: a.Author, Files: make([]checkout.File, len(a.Files))}
	for i, f := range a.Files {
		set.Files[i] = checkout.File{Path: f.Path, Data: f.Data}
		if info, loaded := infos[f.Path]; len(f.Data) == 0 && loaded && info.SHA256 == f.SHA256 {
			if set.Files[i], err = File(t, f.Path, info); err != nil {
				return set, err
			}
		} else if Hash(f.Data) != f.SHA256 {
			return set, fmt.Errorf("file %q is not loaded with this text: %w", f.Path, ErrUnknownText)
		}
	}
	sortFiles(set.Files)
	return set, nil
}
