package storetest

import (
	"testing"
	"time"

	"zonecast/internal/store"
)

func testWatch(t *testing.T, tree Tree) {
	writer, reader := session(t, tree), session(t, tree)
	changed, cancel := reader.Watch("/w/n") // need not exist
	defer cancel()
	twin, cancelTwin := reader.Watch("/w/n")
	defer cancelTwin()
	for range 2 {
		do(t, writer, store.Create("/w/n", nil))
		eventually(t, "a token for the creation", changed, func() bool { return exists(t.Context(), reader, "/w/n") })
		for v := range int64(20) {
			do(t, writer, store.Set("/w/n", nil, v))
			seen := func() bool {
				n, err := reader.Get(t.Context(), "/w/n")
				return err == nil && n.Version == v+1
			}
			eventually(t, "a token for a new version", changed, seen)
			eventually(t, "a token for the second watcher", twin, seen)
		}
		do(t, writer, store.Delete("/w/n", store.AnyVersion))
		eventually(t, "a token for the deletion", changed, func() bool { return !exists(t.Context(), reader, "/w/n") })
	}
}

func testWatchChildren(t *testing.T, tree Tree) {
	writer, reader := session(t, tree), session(t, tree)
	do(t, writer, store.Create("/w", nil))
	for _, path := range []string{"/w", "/"} {
		changed, cancel := reader.Watch(path)
		defer cancel()
		child := "/w/c"
		if path == "/" {
			child = "/c"
		}
		count := func(n int) func() bool {
			before, err := reader.Children(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return func() bool {
				now, err := reader.Children(t.Context(), path)
				return err == nil && len(now) == len(before)+n
			}
		}
		for range 5 {
			more := count(1)
			do(t, writer, store.Create(child, nil))
			eventually(t, "a token for a new child", changed, more)
			fewer := count(-1)
			do(t, writer, store.Delete(child, 0))
			eventually(t, "a token for a child's end", changed, fewer)
		}
	}
}

func testWatchCancel(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/w", nil))
	canceled, cancel := st.Watch("/w")
	kept, cancelKept := st.Watch("/w")
	defer cancelKept()
	cancel()
	cancel() // twice is once
	select {
	case <-canceled: // an early hint is allowed
	default:
	}
	do(t, st, store.Set("/w", nil, 0))
	select {
	case <-kept:
	case <-time.After(patience):
		t.Fatal("canceling one watch silenced another")
	}
	select {
	case <-canceled:
		t.Fatal("a token after cancel")
	default:
	}
}
