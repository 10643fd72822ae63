package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"zonecast/internal/store"
)

func openNew(t testing.TB) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sub", "store.db")
	s, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func TestSecondOpenIsLockedOut(t *testing.T) {
	t.Parallel()
	s, path := openNew(t)
	if _, err := Open(path, 0); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func BenchmarkMultiOfSix(b *testing.B) {
	for _, size := range []int{200, 2000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, _ := openNew(b)
			ctx := context.Background()
			const n = 4096
			for i := 0; i < n; i += 256 {
				var ops []store.Op
				for j := i; j < i+256; j++ {
					ops = append(ops, store.Create(fmt.Sprintf("/tables/a/shards/%04x", j), make([]byte, size)))
				}
				if err := s.Multi(ctx, ops...); err != nil {
					b.Fatal(err)
				}
			}
			i := 0
			for b.Loop() {
				var ops []store.Op
				for j := range 6 {
					ops = append(ops, store.Set(fmt.Sprintf("/tables/a/shards/%04x", (i*997+j*601)%n), make([]byte, size), store.AnyVersion))
				}
				if err := s.Multi(ctx, ops...); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
