package table

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Figures on two shared cores of an EPYC, embedded store: first commit 1.7 s; then, with 400,000 rows, a commit of
// one key 0.55 ms, of five 0.9 ms, with a follower 1.4 ms; get 15 us; all rows 75 ms; read 70 ms; a new writer
// 60 ms. A shard of 7 KB decoded, changed and encoded: 28 us. Rows are like those of table generated: an owner
// name, and about 150 octets that compress to half.

func benchRow(i int) (string, []byte) {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	return fmt.Sprintf("web%06d.ams%d.prod.example.", i, i%9),
		fmt.Appendf(nil, "\x01\x01\x01\x2c\x01\x04%c%c%c%cserversentity server/web%06d feed main rev %d module servers %016x%016x module vars ams",
			192, 0, byte(i>>8), byte(i), i, r.Uint32(), r.Uint64(), r.Uint64())
}

func bulk(b testing.TB, w *Writer, n int) {
	tx := w.Begin()
	for i := range n {
		tx.Put(benchRow(i))
	}
	mustCommit(b, tx)
}

const benchRows = 400_000

func BenchmarkFirstCommit(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := mustOpen(b, openEmbedded(b), "generated.main", Options{})
		b.StartTimer()
		bulk(b, w, benchRows)
		b.ReportMetric(float64(w.Head().Bytes)/benchRows, "octets/row")
	}
}

func BenchmarkAt400000(b *testing.B) {
	st := openEmbedded(b)
	w := mustOpen(b, st, "generated.main", Options{})
	bulk(b, w, benchRows)
	f := Follow(st, "generated.main")
	defer f.Close()
	if _, err := f.Next(b.Context()); err != nil {
		b.Fatal(err)
	}
	commit := func(b *testing.B, n int) {
		tx := w.Begin()
		for range n {
			k, v := benchRow(rand.IntN(benchRows))
			tx.Put(k, fmt.Appendf(v, "%x", rand.Uint64()))
		}
		mustCommit(b, tx)
	}
	b.Run("commit one key", func(b *testing.B) {
		for b.Loop() {
			commit(b, 1)
		}
	})
	b.Run("commit five keys", func(b *testing.B) {
		for b.Loop() {
			commit(b, 5)
		}
	})
	b.Run("commit and follow", func(b *testing.B) {
		for b.Loop() {
			commit(b, 5)
			if _, err := f.Next(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("work of a commit", func(b *testing.B) {
		for b.Loop() {
			tx := w.Begin()
			k, v := benchRow(rand.IntN(benchRows))
			tx.Put(k, v[1:])
			if _, err := newPlan(b.Context(), tx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			k, _ := benchRow(rand.IntN(benchRows))
			if _, ok := w.Get(k); !ok {
				b.Fatal(k)
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for range w.All() {
				n++
			}
			if n != benchRows {
				b.Fatal(n)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := Read(b.Context(), st, "generated.main"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open writer", func(b *testing.B) {
		for b.Loop() {
			w = mustOpen(b, st, "generated.main", Options{})
		}
	})
	b.Run("lookup", func(b *testing.B) {
		for b.Loop() {
			k, _ := benchRow(rand.IntN(benchRows))
			if _, ok, err := Lookup(b.Context(), st, "generated.main", k); !ok || err != nil {
				b.Fatal(k, err)
			}
		}
	})
}

// BenchmarkShard is one shard of 7 KB as stored, about 100 rows.
func BenchmarkShard(b *testing.B) {
	img := newImage(1)
	rows := map[string][]byte{}
	for i := 0; len(img.shards[0]) < 7<<10; i++ {
		k, v := benchRow(i)
		rows[k] = v
		if i%8 == 0 {
			edits, err := img.edits(rows)
			if err != nil {
				b.Fatal(err)
			}
			img.apply(edits)
		}
	}
	data := img.shards[0]
	k, v := benchRow(3)
	b.Run("decode modify encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := decodeShard(data)
			if err != nil {
				b.Fatal(err)
			}
			if s, err = s.merge([]Change{{k, v[1:]}}); err == nil {
				_, err = s.encode()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
