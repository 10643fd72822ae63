package embedded

import (
	"bytes"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"zonecast/internal/store"
)

// The file's layout. Bucket nodes: parent, NUL, name -> version (8 octets), session (8, 0 for a persistent
// node), data; so a node's children are one range. Bucket ephemerals: path -> session. Bucket meta: format.
// The root is no row: it always exists, empty, with version 0.
var (
	bucketNodes      = []byte("nodes")
	bucketEphemerals = []byte("ephemerals")
	bucketMeta       = []byte("meta")
	keyFormat        = []byte("format")
	formatNow        = []byte("1")
)

const header = 16

// key is a node's row; the path is not the root.
func key(p string) []byte {
	parent, name := store.Split(p)
	return append(childPrefix(parent), name...)
}

// childPrefix is what all rows of a node's children start with.
func childPrefix(parent string) []byte {
	k := make([]byte, 0, len(parent)+64)
	return append(append(k, parent...), 0)
}

// row is a node as stored; data points into the file's map.
type row struct {
	version int64
	session uint64
	data    []byte
}

func decode(v []byte) (row, error) {
	if len(v) < header {
		return row{}, fmt.Errorf("embedded: a row of %d octets: file damaged", len(v))
	}
	return row{int64(binary.BigEndian.Uint64(v)), binary.BigEndian.Uint64(v[8:]), v[header:]}, nil
}

func (r row) encode() []byte {
	v := make([]byte, header, header+len(r.data))
	binary.BigEndian.PutUint64(v, uint64(r.version))
	binary.BigEndian.PutUint64(v[8:], r.session)
	return append(v, r.data...)
}

// prepare makes the buckets, checks the format, and clears the ephemeral nodes of the process before.
func prepare(tx *bolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	for _, b := range [][]byte{bucketNodes, bucketEphemerals} {
		if _, err := tx.CreateBucketIfNotExists(b); err != nil {
			return err
		}
	}
	switch f := meta.Get(keyFormat); {
	case f == nil:
		if err := meta.Put(keyFormat, formatNow); err != nil {
			return err
		}
	case !bytes.Equal(f, formatNow):
		return fmt.Errorf("format %.20q, this program reads %s", f, formatNow)
	}
	t := open(tx)
	return t.endSession(0)
}

func hasChildren(nodes *bolt.Bucket, p string) bool {
	prefix := childPrefix(p)
	k, _ := nodes.Cursor().Seek(prefix)
	return bytes.HasPrefix(k, prefix)
}
