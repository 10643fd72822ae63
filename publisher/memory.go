package publisher

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zonecast/internal/durable"
)

// memory is what this instance remembers beyond the store, so that a store that was lost cannot take versions back
// (P4): no version above Ceiling was ever given out. It is written once for many versions, before the first of
// them is used.
type memory struct {
	path    string
	Epoch   uint64 `json:"epoch"`
	Ceiling uint64 `json:"ceiling"`
}

const ahead = 1_000 // versions reserved by one write: 100 s at the highest rate

func openMemory(dir string) (*memory, error) {
	m := &memory{path: filepath.Join(dir, "last.json")}
	data, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	return m, nil
}

// reserve makes sure that (epoch, version) is remembered before it is used.
func (m *memory) reserve(epoch, version uint64) error {
	if epoch <= m.Epoch && version <= m.Ceiling {
		return nil
	}
	next := memory{path: m.path, Epoch: max(epoch, m.Epoch), Ceiling: max(m.Ceiling, version+ahead)}
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(m.path, append(data, '\n'), 0o644); err != nil {
		return err
	}
	*m = next
	return nil
}
