// Package release defines what the publisher publishes and a proxy trusts: the signed head of a stream, the
// hash chain, and the log of versions in the store.
package release

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// Errors that a proxy decides on.
var (
	ErrSignature = errors.New("head's signature cannot be verified with the keys given")
	ErrRollback  = errors.New("older than what was accepted already")
	ErrFormat    = errors.New("malformed head")
	ErrReader    = errors.New("head needs a newer zonecast")
	ErrExpired   = errors.New("head has expired")
	ErrChain     = errors.New("hash chain is broken")
)

// ReaderVersion is the release format that this program reads; a head with a larger min_reader is refused.
const ReaderVersion = 1

// Hash is a SHA-256; its text form is hex.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads hex.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*len(h) {
		return fmt.Errorf("hash of %d hex digits, want %d", len(text), 2*len(h))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Link extends the chain by one version: the hash of the previous link, the epoch, the version and the
// SHA-256 of the version's encoded delta (of the base file when a version has no delta). The chain of an epoch
// starts from the zero Hash.
func Link(prev Hash, epoch, version uint64, content Hash) Hash {
	b := append([]byte("zonecast chain 1\n"), prev[:]...)
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = binary.BigEndian.AppendUint64(b, version)
	return sha256.Sum256(append(b, content[:]...))
}

// Base points to a full snapshot.
type Base struct {
	Version uint64 `json:"version"`
	Chain   Hash   `json:"chain"` // of that version: from there the deltas link on
	SHA256  Hash   `json:"sha256"`
	Size    int64  `json:"size"` // octets
	Zones   int    `json:"zones"`
	Names   uint64 `json:"names"`
	Records uint64 `json:"records"`
	Seed    string `json:"seed"` // 32 hex digits
}

// Head points to the newest release of a stream. Times are Unix seconds.
type Head struct {
	Stream    string `json:"stream"`
	Epoch     uint64 `json:"epoch"`
	Version   uint64 `json:"version"`
	Chain     Hash   `json:"chain"`
	Base      Base   `json:"base"`
	MinReader int    `json:"min_reader"`
	Released  int64  `json:"released"`
	Signed    int64  `json:"signed"`
	AsOf      int64  `json:"as_of"`
	Expires   int64  `json:"expires"`
}

// Newer tells whether h comes after o: by epoch, version and time of signature (P4).
func (h Head) Newer(o Head) bool {
	if h.Epoch != o.Epoch {
		return h.Epoch > o.Epoch
	}
	if h.Version != o.Version {
		return h.Version > o.Version
	}
	return h.Signed > o.Signed
}

// Entry is the node releases/log/<version>: one published version.
type Entry struct {
	Epoch    uint64  `json:"epoch"`
	Version  uint64  `json:"version"`
	Prev     uint64  `json:"prev"` // version before; 0 for the first of an epoch
	Chain    Hash    `json:"chain"`
	Released int64   `json:"released"`
	AsOf     int64   `json:"as_of"`
	Note     string  `json:"note,omitempty"`   // "new epoch: …", "roll back to …"
	Counts   []Count `json:"counts"`           // what changed, by zone
	Content  Hash    `json:"content"`          // what Chain was linked with
	Rebase   *Base   `json:"rebase,omitempty"` // too large for a delta: proxies load this base (of this version)
	Delta    []byte  `json:"delta,omitempty"`  // encoded snapshot.Delta
}

// Count is how many names of a zone a release created, changed and deleted.
type Count struct {
	Zone    string `json:"zone"`
	Created int    `json:"created"`
	Changed int    `json:"changed"`
	Deleted int    `json:"deleted"`
	Free    bool   `json:"free,omitempty"` // a gate had stopped it, and a person let it go
}

// Paths in the store.
const (
	PathLog   = "/releases/log"
	PathHeads = "/releases/heads"
	PathBases = "/releases/bases" // /<instance>: ephemeral Offer
)

// LogPath of a version: zero-padded, so that names sort by version.
func LogPath(version uint64) string { return fmt.Sprintf("%s/%020d", PathLog, version) }

// HeadPath of a stream.
func HeadPath(stream string) string { return PathHeads + "/" + stream }

// OfferPath of an instance that serves bases.
func OfferPath(instance string) string { return PathBases + "/" + instance }

// Offer is an ephemeral node by which a publisher tells where its base files are to be had:
// GET <URL>/v1/bases/<version>, with range requests.
type Offer struct {
	Instance string   `json:"instance"`
	URL      string   `json:"url"`
	Versions []uint64 `json:"versions"`
}
