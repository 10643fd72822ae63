package inventory

// Answer is the line that answers an event.
type Answer struct {
	Line   int    `json:"line"`   // from 1
	Status string `json:"status"` // accepted, ignored, refused or held
	Reason string `json:"reason"`
}

// ListAnswer answers a full list.
type ListAnswer struct {
	Status   string   `json:"status"` // accepted, held (with HeldID) or refused
	Reason   string   `json:"reason,omitempty"`
	HeldID   string   `json:"held_id,omitempty"`
	Accepted int      `json:"accepted"` // entities that changed
	Ignored  int      `json:"ignored"`
	Refused  int      `json:"refused"`
	Held     int      `json:"held"`    // entities that changed, with a contribution kept at its last good state
	Deleted  int      `json:"deleted"` // entities that were gone from the list
	Lines    []Answer `json:"lines,omitempty"`
}

// MaxLines bounds ListAnswer.Lines: the first items that were refused or held.
const MaxLines = 100
