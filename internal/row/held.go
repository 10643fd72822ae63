package row

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"zonecast/internal/zone"
)

// Held is one thing kept at its last good state until it is mended or somebody releases it (P3). The table
// held.<owner> has the ID as key and this as JSON.
type Held struct {
	ID       string          `json:"id"`              // HeldID
	Owner    string          `json:"owner"`           // the stage that holds it: "rules.main", "presenter", "publisher"
	Unit     string          `json:"unit"`            // feed, contribution, module, module-file, push, folder, source, zone-file, rrset, zone, store
	Subject  string          `json:"subject"`         // which one: "servers.yaml", "www.example. A"
	Check    string          `json:"check"`           // stable code: "list-guard", "zone-gone"
	Cause    string          `json:"cause"`           // one line: why
	Effect   string          `json:"effect"`          // one line: what is served meanwhile, and what a release would do
	Since    int64           `json:"since"`           // Unix seconds
	CanFree  bool            `json:"can_free"`        // `zonecast held release` lets it go; else it must be mended
	Would    []string        `json:"would,omitempty"` // what a release would do, name by name: "deleted www.example.", MaxWould at most
	More     int             `json:"more,omitempty"`  // how many names beyond
	Problems []zone.Problem  `json:"problems,omitempty"`
	Detail   json.RawMessage `json:"detail,omitempty"` // what the owner needs to release it
}

// MaxWould bounds the names that a held item lists.
const MaxWould = 50

// Name adds a name to what a release would do; what is beyond MaxWould is only counted.
func (h *Held) Name(change, name string) {
	if len(h.Would) >= MaxWould {
		h.More++
		return
	}
	h.Would = append(h.Would, change+" "+name)
}

// HeldID is the same for the same unit, subject and fingerprint of what is held, so that a release frees exactly
// what was shown: "presenter:3f2a9c01".
func HeldID(owner, unit, subject, fingerprint string) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + unit + "\x00" + subject + "\x00" + fingerprint))
	return owner + ":" + hex.EncodeToString(sum[:4])
}

// Conflict is a row of table conflicts (key: owner name): the claims on one RRset that are served in spite of, or
// lost to, another. Written by the presenter.
type Conflict struct {
	Zone   zone.Name   `json:"zone"`
	Served []Claim     `json:"served"`
	Lost   []Claim     `json:"lost"`
	Types  []zone.Type `json:"types"`
	Since  int64       `json:"since"` // Unix seconds
}
