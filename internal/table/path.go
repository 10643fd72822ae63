package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"zonecast/internal/store"
)

const root = "/tables"

func headPath(table string) string { return root + "/" + table + "/head" }

func logFolder(table string) string { return root + "/" + table + "/log" }

// Log entries have twenty digits, so that lists of them sort by number.
func logPath(table string, seq uint64) string {
	return fmt.Sprintf("%s/%020d", logFolder(table), seq)
}

func shardsFolder(table string) string { return root + "/" + table + "/shards" }

func countFolder(table string, count int) string {
	return shardsFolder(table) + "/" + strconv.Itoa(count)
}

// shardPath has two levels of at most 4,096 and 256 children.
func shardPath(table string, count, index int) string {
	return fmt.Sprintf("%s/%03x/%02x", countFolder(table, count), index>>8, index&0xff)
}

// checkName keeps table names to one path element that any shell and any store takes.
func checkName(name string) error {
	ok := name != "" && len(name) <= 200 && name[0] != '.'
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
	}
	if !ok {
		return fmt.Errorf("table name %q: only letters, digits, dot, hyphen and underscore, 200 at most", name)
	}
	return nil
}

// List names the tables in the store, sorted.
func List(ctx context.Context, st store.Store) ([]string, error) {
	names, err := st.Children(ctx, root)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}
