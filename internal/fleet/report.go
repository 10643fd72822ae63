package fleet

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"zonecast/internal/store"
)

// State of a proxy, as it sees itself.
type State string

// The states.
const (
	Fresh   State = "fresh"   // what it serves is as current as its host's configuration wants
	Stale   State = "stale"   // as-of is older than that
	Expired State = "expired" // the head's signature has run out; it is served all the same
	Empty   State = "empty"   // no release yet
)

// States lists all of them.
var States = []State{Fresh, Stale, Expired, Empty}

// Report is what a proxy says of itself. Times are Unix seconds, by the proxy's clock where they are its own.
type Report struct {
	ID        string   `json:"id"` // the process's instance id
	Epoch     uint64   `json:"epoch"`
	Version   uint64   `json:"version"` // served; 0 before the first release
	Released  int64    `json:"released"`
	AsOf      int64    `json:"as_of"`
	State     State    `json:"state"`
	Refused   uint64   `json:"refused"`              // heads or contents not accepted, since the start
	Failed    uint64   `json:"failed"`               // tries to follow that failed and were repeated, since the start
	LastError string   `json:"last_error,omitempty"` // of the last of either
	ErrorAt   int64    `json:"error_at,omitempty"`   // when that was
	Build     string   `json:"build"`
	Started   int64    `json:"started"`
	Addresses []string `json:"addresses"`     // that answer DNS
	Via       string   `json:"via,omitempty"` // instance that keeps it, for a proxy without a store
	At        int64    `json:"at"`            // when the report was made
}

// Bounds of a report, in octets.
const (
	MaxReport  = 511
	maxID      = 100
	maxError   = 120
	maxBuild   = 40
	maxAddress = 60
)

// differs tells whether o says something else than the time, how current the inputs are and how often a try failed.
func (r Report) differs(o Report) bool {
	return r.Epoch != o.Epoch || r.Version != o.Version || r.State != o.State || r.Refused != o.Refused || r.LastError != o.LastError
}

// encode gives at most MaxReport octets: long texts are cut, and addresses left out from the end.
func (r Report) encode() ([]byte, error) {
	r.LastError, r.Build, r.Via = cut(r.LastError, maxError), cut(r.Build, maxBuild), cut(r.Via, maxID)
	for {
		b, err := json.Marshal(r)
		switch {
		case err != nil || len(b) <= MaxReport:
			return b, err
		case len(r.Addresses) > 0:
			r.Addresses = r.Addresses[:len(r.Addresses)-1]
		case r.LastError != "":
			r.LastError = cut(r.LastError, len(r.LastError)/2)
		default:
			return nil, fmt.Errorf("report of %d octets, at most %d", len(b), MaxReport)
		}
	}
}

// cut shortens a text to size octets, at the end of a character.
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}

// check refuses what no proxy says of itself.
func (r Report) check() error {
	known := false
	for _, s := range States {
		known = known || r.State == s
	}
	if !known {
		return fmt.Errorf("state %.20q: none of %v", r.State, States)
	}
	for _, a := range r.Addresses {
		if len(a) > maxAddress {
			return fmt.Errorf("address %.20q…: more than %d octets", a, maxAddress)
		}
	}
	return nil
}

func decode(b []byte) (r Report, err error) { err = json.Unmarshal(b, &r); return r, err }

// root is the folder of all proxies. Those who may write it alone: see zk.Config.Readers.
const root = "/proxies"

const alive = "/alive"

// CheckID refuses an instance id under which no report can be kept.
func CheckID(id string) error {
	if id == "" || len(id) > maxID || strings.ContainsRune(id, '/') || store.CheckPath(root+"/"+id) != nil {
		return fmt.Errorf("%.120q is no id of a proxy: 1 to %d characters, no slash, and not a dot alone", id, maxID)
	}
	return nil
}

// Node is the path of a proxy's persistent node.
func Node(id string) string {
	return fmt.Sprintf("%s/%02x/%s", root, xxhash.Sum64String(id)&0xff, id)
}
