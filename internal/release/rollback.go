package release

// PathState is the node beside log and heads that says what a later leader needs to know and the head does not.
const PathState = "/releases/state"

// Rollback is one in force: what presented says is not released until somebody resumes. PathState holds it, as
// JSON under the key "frozen", so that whoever asks why a change is not served is told (P3).
type Rollback struct {
	To     uint64 `json:"to"` // the version whose content is served
	Reason string `json:"reason"`
	By     string `json:"by"`
	Since  int64  `json:"since"` // Unix seconds
}
