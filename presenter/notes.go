package presenter

import (
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// notes is the ledger of a plan: what loading would write, and nothing written.
type notes struct {
	world   *world
	human   func(key string) []byte      // what people wrote until now
	written map[string][]byte            // owner name -> encoded human records; nil for none any more
	touched map[zone.Name]*row.ZoneFacts // zones that were put or dropped -> their facts before, nil for none
	stops   []plan.Stop
}

func (n *notes) facts(apex zone.Name) (row.ZoneFacts, bool) {
	facts, ok := n.world.zones[apex]
	return facts, ok
}

func (n *notes) touch(apex zone.Name) {
	if _, again := n.touched[apex]; again {
		return
	}
	n.touched[apex] = nil
	if facts, ok := n.world.zones[apex]; ok {
		n.touched[apex] = &facts
	}
}

func (n *notes) putZone(apex zone.Name, z row.HumanZone, _ bool) {
	n.touch(apex)
	n.world.zones[apex] = z.Facts
}

func (n *notes) dropZone(apex zone.Name) {
	n.touch(apex)
	delete(n.world.zones, apex)
}

func (n *notes) records(key string) []byte {
	if value, ok := n.written[key]; ok {
		return value
	}
	return n.human(key)
}

func (n *notes) putRecords(key string, value []byte) { n.written[key] = value }

func (n *notes) rows() load.Tx { return nowhere{} }

func (n *notes) hold(h row.Held, fingerprint string) string {
	n.stops = append(n.stops, plan.Stop{Stage: owner, Unit: h.Unit, Subject: h.Subject, Check: h.Check, Cause: h.Cause, CanFree: h.CanFree})
	return row.HeldID(owner, h.Unit, h.Subject, fingerprint)
}

// nowhere takes rows and keeps none.
type nowhere struct{}

func (nowhere) Get(string) ([]byte, bool) { return nil, false }
func (nowhere) Put(string, []byte)        {}
func (nowhere) Delete(string)             {}
