package load

import (
	"slices"

	"zonecast/internal/row"
)

// Mend makes a table usable again whose writer died in the middle of a push too large for one multi: files whose text
// is not the one that their row announces are forgotten, and so is which commit is loaded, so that whoever loads
// compares every file anew. It gives the paths of the forgotten files.
func Mend(t Rows, tx Tx) (damaged []string, err error) {
	infos, err := Infos(t)
	if err != nil {
		return nil, err
	}
	for path, info := range infos {
		if _, err := File(t, path, info); err != nil {
			DeleteFile(tx, path, info)
			damaged = append(damaged, path)
		}
	}
	tx.Delete(row.KeyLoad)
	slices.Sort(damaged)
	return damaged, nil
}
