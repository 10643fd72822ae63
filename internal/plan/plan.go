package plan

import (
	"time"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Format of a plan file that this program reads and writes.
const Format = 1

// Plan is the effect of a change. Its JSON is what `zonecast plan --format json` prints, what `plan -o` writes, and
// what reviewers approve.
type Plan struct {
	Format  int       `json:"format"`
	Digest  string    `json:"digest"` // "sha256:…", see Seal
	Made    time.Time `json:"made"`
	Against Against   `json:"against"`
	Zones   *Files    `json:"zones,omitempty"` // nil: zone files are not part of the plan
	Rules   *Files    `json:"rules,omitempty"` // where rules are not part of a plan of the pipeline: those that are loaded, for Drift
	// Others are the rules of the other sources as they were loaded: source -> Fingerprint of their files, for Drift.
	Others    map[string]string `json:"others,omitempty"`
	Changes   []Change          `json:"changes"`   // sorted by zone, then name, in canonical order (RFC 4034 6.1)
	Summaries []Summary         `json:"summaries"` // of the zones that change, sorted by apex
	Stopped   []Stop            `json:"stopped,omitempty"`
	Problems  []zone.Problem    `json:"problems,omitempty"` // what `check` says of the files, and policy of the changes
	// Held is what the pipeline held of it when the plan was made, and HeldMore how much beyond. It is news, no part of what is
	// approved: the digest leaves it out.
	Held     []Held `json:"held,omitempty"`
	HeldMore int    `json:"held_more,omitempty"`
}

// Against is what the change is compared with.
type Against struct {
	Kind    string `json:"kind"`              // live, release, snapshot or revision
	Name    string `json:"name,omitempty"`    // the address, file or git revision
	Version uint64 `json:"version,omitempty"` // of the release that was served; 0 is unknown
}

// What a change can be compared with.
const (
	Live     = "live"
	Release  = "release"
	Snapshot = "snapshot"
	Revision = "revision"
)

// Files is how a folder differs from what is loaded. Texts are named by their SHA-256, hex.
type Files struct {
	Source string            `json:"source,omitempty"` // of rules: whose they are
	Commit string            `json:"commit"`           // of the planned folder
	Loaded string            `json:"loaded"`           // commit that is loaded; "" for none
	Before map[string]string `json:"before"`           // path -> hash of every file that is loaded
	After  map[string]string `json:"after"`            // path -> hash of what changes; "" is a file that goes
}

// Change is what becomes of one owner name.
type Change struct {
	Name    zone.Name   `json:"name"`
	Zone    zone.Name   `json:"zone"` // the zone it belongs to, afterwards; before, when the zone goes
	Kind    Kind        `json:"kind"`
	Sets    []SetChange `json:"sets"`    // RRsets that differ, or whose claims do; sorted by type
	Written string      `json:"written"` // fingerprint of what people wrote that decides here, before and after; see Drift
}

// Kind says what becomes of a name.
type Kind string

// The kinds. A name of kind Touched answers as before: only who gives it, or what is shadowed, changes.
const (
	Created Kind = "created"
	Changed Kind = "changed"
	Deleted Kind = "deleted"
	Touched Kind = "touched"
)

// SetChange is what becomes of one RRset.
type SetChange struct {
	Type   zone.Type   `json:"type"`
	Before *zone.RRset `json:"before,omitempty"` // as served now; nil: not there
	After  *zone.RRset `json:"after,omitempty"`  // as it would be served; nil: gone
	// Who gives it: the claims that make After, and those that made Before.
	Causes []Cause `json:"causes,omitempty"`
	Was    []Cause `json:"was,omitempty"`
	// Claims that lose their place by the change, and those that come back by it.
	Shadows   []Cause `json:"shadows,omitempty"`
	Unshadows []Cause `json:"unshadows,omitempty"`
}

// Cause is who claims an RRset.
type Cause struct {
	row.Origin
	Line   int    `json:"line,omitempty"`   // in Origin.File, from 1; 0 is unknown
	Column int    `json:"column,omitempty"` // from 1; 0 is unknown
	Why    string `json:"why,omitempty"`    // of a shadowed claim: as in row.Claim
}

// Summary is what becomes of one zone.
type Summary struct {
	Zone    zone.Name `json:"zone"`
	New     bool      `json:"new,omitempty"`
	Gone    bool      `json:"gone,omitempty"`
	Facts   bool      `json:"facts,omitempty"` // the zone's own settings change
	Names   int       `json:"names"`           // names with records, as served now
	Created int       `json:"created"`
	Changed int       `json:"changed"`
	Deleted int       `json:"deleted"`
	Touched int       `json:"touched,omitempty"`
}

// Stop is what would keep a part of the change from being served until it is mended or somebody releases it.
type Stop struct {
	Stage   string `json:"stage"`   // rules.<source>, presenter, publisher
	Unit    string `json:"unit"`    // as in row.Held
	Subject string `json:"subject"` // which one: "prod.example.", "servers.yaml"
	Check   string `json:"check"`   // stable code: "deleted-share", "zone-gone", "module-guard", "policy"
	Cause   string `json:"cause"`   // one line
	CanFree bool   `json:"can_free"`
}

// Held is what is held already, as in row.Held.
type Held struct {
	ID      string `json:"id"`
	Unit    string `json:"unit"`
	Subject string `json:"subject"`
	Check   string `json:"check"`
	Since   int64  `json:"since"` // Unix seconds
}
