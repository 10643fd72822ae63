package rules

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"zonecast/internal/inventory"
	"zonecast/internal/service"
)

// errRestored ends a term after a backup was loaded: the next one reads everything, as a new leader does, and evaluates
// all of it, for the backup does not say which rules are in force.
var errRestored = errors.New("a backup of the inventory was loaded: beginning anew")

// putInventory loads a backup into a source that has no entity yet.
func (s *Stage) putInventory(w http.ResponseWriter, r *http.Request) {
	l := s.leading(w, r)
	if l == nil {
		return
	}
	table, rows, err := inventory.ReadBackup(service.Body(w, r, inventory.MaxBackup), s.cfg.Limits.Entities+s.cfg.Limits.Tombstones)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		service.Fail(w, http.StatusRequestEntityTooLarge, err)
		return
	case err != nil:
		service.Fail(w, http.StatusBadRequest, err)
		return
	}
	if err := l.do(r.Context(), &job{run: func(_ context.Context, b *batch) error { return b.restore(rows) }, renew: true}); err != nil {
		s.fail(w, r, err)
		return
	}
	s.log.Warn("a backup of the inventory was loaded", "of", strings.TrimPrefix(table, "inventory."), "rows", len(rows))
	service.Reply(w, http.StatusOK, map[string]int{"rows": len(rows)})
}

// restore writes a backup's rows.
func (b *batch) restore(rows []inventory.BackupRow) error {
	if n, tombs := b.l.entities, len(b.l.tombs); n+tombs > 0 {
		return &refusal{http.StatusConflict, fmt.Errorf("the inventory has %d entities and %d tombstones: a backup goes into an empty one alone, "+
			"before any feed has sent anything", n, tombs)}
	}
	for _, r := range rows {
		if r.Key != keyRules && !strings.HasPrefix(r.Key, inventory.PrefixList) { // a held list's text, without what holds it
			b.inv.Put(r.Key, r.Raw)
		}
	}
	b.inv.Delete(keyRules) // or the next term would think that these entities have been evaluated
	return nil
}
