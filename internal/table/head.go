package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"zonecast/internal/store"
)

// Head is what a table's head node says.
type Head struct {
	Shards  int                 `json:"shards"`          // a power of two
	Fence   uint64              `json:"fence"`           // raised by each new writer
	Seq     uint64              `json:"seq"`             // commits with changes so far
	Commit  string              `json:"commit"`          // id of the last commit, hex
	Open    bool                `json:"open"`            // a group of commits is under way
	LogFrom uint64              `json:"log_from"`        // first sequence still in the log; Seq+1 when there is none: read all again
	Inputs  map[string]Position `json:"inputs"`          // table name -> how far this content takes it into account
	AsOf    int64               `json:"as_of"`           // how current the inputs were, Unix seconds
	Taken   int64               `json:"taken,omitempty"` // when the oldest event behind the last changed rows was taken, Unix milliseconds; 0: not known
	Beat    int64               `json:"beat"`            // when the head was last written, Unix seconds
	Writer  string              `json:"writer"`          // instance id of the writer
	Rows    int64               `json:"rows"`
	Bytes   int64               `json:"bytes"` // of all shards, as stored
}

// Bounds of a head.
const (
	headFormat = 1
	maxHead    = 64 << 10
	maxInputs  = 256
	maxShards  = 1 << 20 // 4,096 folders of 256: no folder past 10,000 children
)

// headNode is the node's JSON: people look at it with any ZooKeeper client.
type headNode struct {
	Format int `json:"v"`
	Head
}

// Position of the head.
func (h Head) Position() Position { return Position{Fence: h.Fence, Seq: h.Seq} }

func (h Head) clone() Head {
	h.Inputs = maps.Clone(h.Inputs)
	return h
}

func (h Head) encode() ([]byte, error) {
	data, err := json.Marshal(headNode{headFormat, h})
	if err == nil && len(data) > maxHead {
		return nil, fmt.Errorf("%w: a head of %d octets, %d at most", ErrTooLarge, len(data), maxHead)
	}
	return data, err
}

func decodeHead(data []byte) (Head, error) {
	if len(data) > maxHead {
		return Head{}, fmt.Errorf("head: %w: %d octets", errCorrupt, len(data))
	}
	var n headNode
	if err := json.Unmarshal(data, &n); err != nil {
		return Head{}, fmt.Errorf("head: %w: %w", errCorrupt, err)
	}
	h := n.Head
	switch {
	case n.Format != headFormat:
		return Head{}, fmt.Errorf("head: format %d, this program reads %d", n.Format, headFormat)
	case !validShards(h.Shards):
		return Head{}, fmt.Errorf("head: %w: %d shards", errCorrupt, h.Shards)
	case h.Fence == 0, h.LogFrom == 0, h.LogFrom-1 > h.Seq:
		return Head{}, fmt.Errorf("head: %w: fence %d, log from %d to %d", errCorrupt, h.Fence, h.LogFrom, h.Seq)
	case h.Rows < 0, h.Bytes < 0, len(h.Inputs) > maxInputs:
		return Head{}, fmt.Errorf("head: %w: %d rows, %d octets, %d inputs", errCorrupt, h.Rows, h.Bytes, len(h.Inputs))
	}
	return h, nil
}

func validShards(n int) bool { return n > 0 && n <= maxShards && n&(n-1) == 0 }

// ReadHead reads a table's head alone; ErrNotFound if there is no such table.
func ReadHead(ctx context.Context, st store.Store, name string) (Head, error) {
	h, _, err := readHead(ctx, st, name)
	return h, err
}

// readHead gives the version of the head's node too.
func readHead(ctx context.Context, st store.Store, name string) (Head, int64, error) {
	if err := checkName(name); err != nil {
		return Head{}, 0, err
	}
	n, err := st.Get(ctx, headPath(name))
	if errors.Is(err, store.ErrNotFound) {
		return Head{}, 0, fmt.Errorf("table %s: %w", name, ErrNotFound)
	} else if err != nil {
		return Head{}, 0, fmt.Errorf("table %s: %w", name, err)
	}
	h, err := decodeHead(n.Data)
	if err != nil {
		return Head{}, 0, fmt.Errorf("table %s: %w", name, err)
	}
	return h, n.Version, nil
}
