package table

import (
	"bytes"
	"reflect"
	"testing"
)

// sampleShard is a valid shard and its changes as a log entry.
func sampleShard(tb testing.TB) (data, entry []byte) {
	changes := []Change{
		{"a.example.", []byte("one")}, {"b.example.", nil}, {"c.example.", []byte{}},
		{"z.example.", bytes.Repeat([]byte("long "), 100)},
	}
	img := newImage(1)
	if err := img.replay(changes); err != nil {
		tb.Fatal(err)
	}
	entry, err := encodeLog(changes)
	if err != nil {
		tb.Fatal(err)
	}
	return img.shards[0], entry
}

// FuzzShard: hostile octets never panic, and what is read can be written and read again.
func FuzzShard(f *testing.F) {
	data, entry := sampleShard(f)
	for _, b := range [][]byte{data, entry, data[:len(data)/2], {frameShard}, {frameShard, 0, 0, 0, 0, 0, 0}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeShard(data)
		if err != nil {
			return
		}
		n := 0
		for k, v := range s.all() {
			got, ok := s.get(k)
			if !ok || !bytes.Equal(got, v) {
				t.Fatalf("row %q is there and is not found", k)
			}
			n++
		}
		if n != len(s.at) || data != nil && n != frameCount(data) {
			t.Fatalf("%d rows, %d found", len(s.at), n)
		}
		m, err := s.merge([]Change{{"k", []byte("v")}, {"l", nil}})
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			return
		}
		if back, err := decodeShard(again); err != nil || !bytes.Equal(back.raw, m.raw) || !reflect.DeepEqual(back.at, m.at) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}

// FuzzShardRaw goes past the checksum: the octets are what a shard is when decompressed, with this many rows.
func FuzzShardRaw(f *testing.F) {
	data, _ := sampleShard(f)
	_, raw, err := unpack(frameShard, data)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(3), raw)
	f.Add(uint16(1), []byte{1, 'k', 0})
	f.Add(uint16(2), []byte{1, 'k', 0, 1, 'k', 0})
	f.Add(uint16(1), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, n uint16, raw []byte) {
		for _, kind := range []byte{frameShard, frameLog} {
			data, err := pack(kind, int(n), raw)
			if err != nil {
				continue
			}
			if kind == frameLog {
				_, _ = decodeLog(data)
				continue
			}
			s, err := decodeShard(data)
			if err != nil {
				continue
			}
			last := ""
			for k, v := range s.all() {
				if k <= last || len(k) > MaxKey || len(v) > MaxValue {
					t.Fatalf("key %q after %q, value of %d", k, last, len(v))
				}
				last = k
			}
		}
	})
}

// FuzzLog: as FuzzShard, for log entries.
func FuzzLog(f *testing.F) {
	data, entry := sampleShard(f)
	for _, b := range [][]byte{data, entry, entry[:len(entry)/2], {frameLog}, {frameLog, 0, 0, 0, 0, 0, 0}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, err := decodeLog(data)
		if err != nil {
			return
		}
		again, err := encodeLog(changes)
		if err != nil {
			return
		}
		if back, err := decodeLog(again); err != nil || len(back) != len(changes) {
			t.Fatalf("written and read again: %d changes, %d, %v", len(changes), len(back), err)
		}
	})
}

// FuzzHead: a head that is taken is within its bounds.
func FuzzHead(f *testing.F) {
	good, err := Head{Shards: 4096, Fence: 1, LogFrom: 1, Inputs: map[string]Position{"zones": {1, 2}}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"v":1,"shards":3}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := decodeHead(data)
		if err != nil {
			return
		}
		if !validShards(h.Shards) || h.LogFrom == 0 || h.LogFrom-1 > h.Seq || h.Fence == 0 {
			t.Fatalf("taken: %+v", h)
		}
		again, err := h.encode()
		if err != nil {
			return
		}
		if back, err := decodeHead(again); err != nil || !reflect.DeepEqual(back, h) {
			t.Fatalf("written and read again: %+v, %v; was %+v", back, err, h)
		}
	})
}
