package presenter

import (
	"context"
	"errors"
	"iter"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// ground is the state that a plan starts from: that of a term under way, or of folders that a command has read.
type ground interface {
	// known tells what people wrote and sources give at names, in their order. It fails with errOvertaken when something
	// was loaded since the plan began, or what reaches from name to name has changed.
	known(ctx context.Context, keys []string) ([]known, error)
	// served gives the rows of table presented at names; those without one are missing.
	served(keys []string) map[string][]byte
	// all gives every row of table presented that is of a name.
	all() iter.Seq2[string, []byte]
	// text reads a loaded file.
	text(path string, info row.FileInfo) ([]byte, error)
	// moved gives the names that were worked out since the plan began, with what is at them now, and the time it is.
	moved(ctx context.Context) (map[string]moved, time.Time, error)
}

// outset is what a plan begins with.
type outset struct {
	loaded  row.Load
	files   map[string]row.FileInfo // of the loaded files
	links   map[string]bool         // those of them that say which zones files are part of
	world   *world                  // the plan's own
	asRead  map[zone.Name]bool      // see term.asRead
	faulty  []zone.Name             // names at which something is held
	sources []sourceState
	at      time.Time
}

type sourceState struct {
	name   string
	absent bool
}

// known is what is at one name.
type known struct {
	human  []byte
	glass  []row.HumanRecord // set by hand
	rows   [][]byte          // by source
	faults []merge.Fault
}

// moved is a name that changed while the plan was made.
type moved struct {
	known
	served []byte // nil: no row
}

// errOvertaken is a plan whose ground has changed: it is begun again.
var errOvertaken = errors.New("something else was loaded meanwhile")
