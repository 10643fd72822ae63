package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"zonecast/internal/durable"
)

// state is what a keeper remembers between runs.
type state struct {
	Path    string            `json:"path"` // where the files are: another place, or another format, begins anew
	Format  string            `json:"format"`
	Files   map[string]filed  `json:"files"`   // by name within the folder; "" for one file
	Pending bool              `json:"pending"` // the command has not run, or failed, since the last change
	Runs    map[string]uint64 `json:"runs"`    // of the command: ok, failed
}

// filed is a file as it was written.
type filed struct {
	Serial uint32 `json:"serial"` // that its zones were given
	SHA256 string `json:"sha256"`
}

// maxState bounds the state file, in octets: a hundred thousand zones take some ten million.
const maxState = 64 << 20

func (k *Keeper) fresh() state {
	return state{Path: k.Path, Format: string(k.Job.Format), Files: map[string]filed{}, Runs: map[string]uint64{}}
}

// load reads the state; without one, or with one that cannot be used, everything is compared and loaded anew.
func (k *Keeper) load() (state, error) {
	fresh := k.fresh()
	info, err := os.Stat(k.State)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil || info.Size() > maxState {
		return fresh, fmt.Errorf("state %s: %w", k.State, errors.Join(err, errUnusable))
	}
	text, err := os.ReadFile(k.State)
	if err != nil {
		return fresh, err
	}
	var st state
	if err := json.Unmarshal(text, &st); err != nil {
		return fresh, fmt.Errorf("state %s: %w", k.State, err)
	}
	if st.Path != fresh.Path || st.Format != fresh.Format || st.Files == nil || st.Runs == nil {
		return fresh, nil
	}
	return st, nil
}

var errUnusable = errors.New("cannot be used")

func (k *Keeper) save(st state) error {
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(k.State, text, 0o640)
}
