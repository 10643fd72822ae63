package presenter

import (
	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// ledger is where a load takes effect: the term with the transactions of its step, or the notes of a plan. What a load
// decides is the same for both, since it is the same code.
type ledger interface {
	// facts gives a zone in force.
	facts(apex zone.Name) (row.ZoneFacts, bool)
	// putZone puts a zone in force. asRead: its records are what stands in its files as they are loaded now.
	putZone(apex zone.Name, z row.HumanZone, asRead bool)
	dropZone(apex zone.Name)
	// records gives the encoded human records at a name, nil for none.
	records(key string) []byte
	putRecords(key string, value []byte)
	// rows changes the rows of files.
	rows() load.Tx
	// hold puts something on the list of held things, and gives its id.
	hold(h row.Held, fingerprint string) string
}

// loading begins a load that takes effect.
func (t *term) loading(set checkout.Set) *loading {
	return &loading{ledger: t, cfg: t.cfg, log: t.log, at: t.at, set: set, infos: t.files, links: t.links, old: map[zone.Name]map[string][]row.HumanRecord{}}
}

func (t *term) facts(apex zone.Name) (row.ZoneFacts, bool) {
	facts, ok := t.world.zones[apex]
	return facts, ok
}

func (t *term) putZone(apex zone.Name, z row.HumanZone, asRead bool) {
	if _, was := t.world.zones[apex]; !was {
		t.markAll()
	}
	t.world.zones[apex] = z.Facts
	t.tx.zones.Put(row.PrefixZone+apex.String(), encode(z))
	t.tx.presented.Put(row.ZoneKey(apex), encode(z.Facts))
	if delete(t.asRead, apex); asRead {
		t.asRead[apex] = true
	}
	t.edits++
}

func (t *term) dropZone(apex zone.Name) {
	t.markAll()
	delete(t.world.zones, apex)
	delete(t.asRead, apex)
	t.tx.zones.Delete(row.PrefixZone + apex.String())
	t.tx.presented.Delete(row.ZoneKey(apex))
	t.edits++
}

func (t *term) records(key string) []byte { return t.human[key] }

func (t *term) putRecords(key string, value []byte) {
	if value == nil {
		t.tx.zones.Delete(row.PrefixName + key)
	} else {
		t.tx.zones.Put(row.PrefixName+key, value)
	}
	t.setHuman(key, value)
	t.mark(key)
	t.edits++
}

func (t *term) rows() load.Tx { return t.tx.zones }
