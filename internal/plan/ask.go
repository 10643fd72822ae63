package plan

import (
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Ask is the body of POST /v1/rules/plan and POST /v1/zones/plan: what would a push of these files do? Nothing changes
// by it.
type Ask struct {
	Commit string `json:"commit"`
	Prefix string `json:"prefix"`
	Author string `json:"author,omitempty"`
	// Files is the whole folder. A file that is loaded with the same hash comes without its data.
	Files []File `json:"files"`
	// Loaded asks about the files as they are loaded: Files is not looked at. A plan of rules alone asks the
	// presenter so.
	Loaded bool `json:"loaded,omitempty"`
	// Generated is what changed rules would give, for the presenter: the names that would change, all sources together.
	Generated []Generated `json:"generated,omitempty"`
}

// File is one file of the folder.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // hex
	Data   []byte `json:"data,omitempty"`
}

// Generated is what one source would give at one owner name.
type Generated struct {
	Source string    `json:"source"`
	Name   zone.Name `json:"name"`
	Value  []byte    `json:"value,omitempty"` // row.EncodeContributions; none: nothing any more
}

// Line is one line of an answer, NDJSON: exactly one field is there. The last line is End; an answer without it was cut.
type Line struct {
	Change    *Change    `json:"change,omitempty"`    // of the presenter
	Generated *Generated `json:"generated,omitempty"` // of a rules stage
	End       *End       `json:"end,omitempty"`
}

// End closes an answer.
type End struct {
	Loaded   row.Load          `json:"loaded"`             // what is loaded now
	Files    map[string]string `json:"files"`              // path -> SHA-256 of every loaded file
	Zones    []ZoneChange      `json:"zones,omitempty"`    // zones that appear, go or change their settings
	Stopped  []Stop            `json:"stopped,omitempty"`  // what loading would hold
	Problems []zone.Problem    `json:"problems,omitempty"` // of the files that change

	// Names counts the names with records before the change, by apex, of the zones with changes. Only a comparison of
	// folders has it: a pipeline says it of all zones (GET /v1/gates).
	Names map[string]int `json:"-"`
}

// ZoneChange is what becomes of a zone's facts.
type ZoneChange struct {
	Zone   zone.Name      `json:"zone"`
	Before *row.ZoneFacts `json:"before,omitempty"` // nil: it appears
	After  *row.ZoneFacts `json:"after,omitempty"`  // nil: it goes
}
