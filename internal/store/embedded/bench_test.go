package embedded

import (
	"context"
	"fmt"
	"testing"

	"zonecast/internal/store"
)

func shard(i int) string { return fmt.Sprintf("/tables/a/shards/%04x", i) }

func filled(b *testing.B, n, size int) *Store {
	b.Helper()
	s, _ := openNew(b)
	for i := 0; i < n; i += 64 {
		var ops []store.Op
		for j := i; j < i+64; j++ {
			ops = append(ops, store.Create(shard(j), make([]byte, size)))
		}
		do(b, s, ops...)
	}
	return s
}

// BenchmarkMultiOfSix is what one event costs: a few shards, a log entry, the heads.
func BenchmarkMultiOfSix(b *testing.B) {
	for _, size := range []int{200, 2000, 12000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			const n = 4096
			s := filled(b, n, size)
			for i := 0; b.Loop(); i++ {
				var ops []store.Op
				for j := range 6 {
					ops = append(ops, store.Set(shard((i*997+j*601)%n), make([]byte, size), store.AnyVersion))
				}
				do(b, s, ops...)
			}
		})
	}
}

// BenchmarkGetMany is the start of a follower.
func BenchmarkGetMany(b *testing.B) {
	const n = 4096
	s := filled(b, n, 2000)
	paths := make([]string, n)
	for i := range paths {
		paths[i] = shard(i)
	}
	for b.Loop() {
		if _, err := s.GetMany(context.Background(), paths); err != nil {
			b.Fatal(err)
		}
	}
}
