// Package storetest holds every implementation of store.Store to the promises on that interface's page. A
// promise that is not tested here is not one.
package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"zonecast/internal/store"
)

// patience bounds every wait: far above the 5 s within which a watch must speak.
const patience = 30 * time.Second

// A Tree is one empty tree, and gives sessions on it. They are closed by the test that asks for them.
type Tree interface {
	// Session opens another session.
	Session(t *testing.T) store.Store
	// Expire ends the session of a store that Session gave, as when its process falls silent for too long.
	Expire(t *testing.T, st store.Store)
}

// Run runs the suite; each test has a tree of its own from fresh.
func Run(t *testing.T, fresh func(t *testing.T) Tree) {
	tests := []struct {
		name string
		run  func(t *testing.T, tree Tree)
	}{
		{"Get", testGet},
		{"GetMany", testGetMany},
		{"Children", testChildren},
		{"Versions", testVersions},
		{"StepErrors", testStepErrors},
		{"Atomic", testAtomic},
		{"StepsInOrder", testStepsInOrder},
		{"Parents", testParents},
		{"Limits", testLimits},
		{"Paths", testPaths},
		{"DataIsCopied", testDataIsCopied},
		{"EndedContext", testEndedContext},
		{"Watch", testWatch},
		{"WatchChildren", testWatchChildren},
		{"WatchCancel", testWatchCancel},
		{"Ephemeral", testEphemeral},
		{"Expiry", testExpiry},
		{"Close", testClose},
		{"Sync", testSync},
		{"ReadYourWrites", testReadYourWrites},
		{"Contention", testContention},
		{"Model", testModel},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, fresh(t))
		})
	}
}

func session(t *testing.T, tree Tree) store.Store {
	t.Helper()
	st := tree.Session(t)
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return st
}

func do(t *testing.T, st store.Store, ops ...store.Op) {
	t.Helper()
	if err := st.Multi(t.Context(), ops...); err != nil {
		t.Fatalf("Multi: %v", err)
	}
}

func wantData(t *testing.T, st store.Store, path, data string, version int64) {
	t.Helper()
	n, err := st.Get(t.Context(), path)
	if err != nil {
		t.Fatalf("Get %s: %v", path, err)
	}
	if string(n.Data) != data || n.Version != version {
		t.Fatalf("Get %s: %.40q version %d, want %.40q version %d", path, n.Data, n.Version, data, version)
	}
}

func wantAbsent(t *testing.T, st store.Store, path string) {
	t.Helper()
	if _, err := st.Get(t.Context(), path); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get %s: %v, want ErrNotFound", path, err)
	}
}

func wantChildren(t *testing.T, st store.Store, path string, want ...string) {
	t.Helper()
	got, err := st.Children(t.Context(), path)
	if err != nil {
		t.Fatalf("Children %s: %v", path, err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("Children %s: %q, want %q", path, got, want)
	}
}

// wantStep checks that a Multi failed at one step, for this reason.
func wantStep(t *testing.T, err error, index int, reason error) {
	t.Helper()
	var step *store.OpError
	if !errors.As(err, &step) || step.Index != index || !errors.Is(err, reason) {
		t.Fatalf("Multi: %v, want %v at step %d", err, reason, index)
	}
}

// eventually waits for cond, asking again after each token.
func eventually(t *testing.T, what string, hint <-chan struct{}, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-hint:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func exists(ctx context.Context, st store.Store, path string) bool {
	_, err := st.Get(ctx, path)
	return err == nil
}
