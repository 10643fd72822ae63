package storetest

import (
	"errors"
	"testing"
	"time"

	"zonecast/internal/store"
)

func testEphemeral(t *testing.T, tree Tree) {
	a, b := session(t, tree), session(t, tree)
	do(t, a, store.CreateEphemeral("/l/e", []byte("a")), store.Create("/l/p", nil))
	do(t, b, store.Set("/l/e", []byte("b"), 0)) // does not change whose it is
	wantData(t, a, "/l/e", "b", 1)
	changed, cancel := b.Watch("/l/e")
	defer cancel()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantAbsent(t, b, "/l/e") // at once, no time-out
	wantData(t, b, "/l/p", "", 0)
	eventually(t, "a token for the end of an ephemeral node", changed, func() bool { return !exists(t.Context(), b, "/l/e") })
	// Deleted and made again as a persistent node, it is nobody's.
	c := session(t, tree)
	do(t, c, store.CreateEphemeral("/l/e", nil))
	do(t, c, store.Delete("/l/e", 0), store.Create("/l/e", nil))
	c.Close()
	if err := b.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantData(t, b, "/l/e", "", 0)
}

func testExpiry(t *testing.T, tree Tree) {
	a, b := session(t, tree), session(t, tree)
	first := a.Session()
	do(t, a, store.CreateEphemeral("/e", nil), store.Create("/p", nil))
	changed, cancel := b.Watch("/e")
	defer cancel()
	select {
	case <-first:
		t.Fatal("the session's channel is closed while the session lives")
	default:
	}
	tree.Expire(t, a)
	select {
	case <-first:
	case <-time.After(patience):
		t.Fatal("the session's channel was not closed")
	}
	eventually(t, "the ephemeral node's end", changed, func() bool { return !exists(t.Context(), b, "/e") })
	wantData(t, b, "/p", "", 0)

	// The store goes on in a session of its own accord.
	second := a.Session()
	if second == first {
		t.Fatal("Session gives the ended session's channel")
	}
	do(t, a, store.CreateEphemeral("/e", nil))
	select {
	case <-second:
		t.Fatal("the second session ended")
	default:
	}
	if err := b.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantData(t, b, "/e", "", 0)
}

func testClose(t *testing.T, tree Tree) {
	st, other := session(t, tree), session(t, tree)
	lost := st.Session()
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lost:
	default:
		t.Error("Close left the session's channel open")
	}
	select {
	case <-st.Session():
	default:
		t.Error("Session on a closed store gives an open channel")
	}
	calls := map[string]func() error{
		"Get":      func() error { _, err := st.Get(t.Context(), "/"); return err },
		"GetMany":  func() error { _, err := st.GetMany(t.Context(), []string{"/"}); return err },
		"Children": func() error { _, err := st.Children(t.Context(), "/"); return err },
		"Multi":    func() error { return st.Multi(t.Context(), store.Create("/a", nil)) },
		"Sync":     func() error { return st.Sync(t.Context()) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	_, cancel := st.Watch("/a")
	cancel()
	if err := st.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	do(t, other, store.Create("/a", nil)) // others are not disturbed
}
