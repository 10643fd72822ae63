package presenter

import (
	"context"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

const (
	// sweepFrom is how many presented names make the comparison at the start of a term one beside the loop: for fewer it
	// is over before anybody would notice.
	sweepFrom = 20_000
	// sweepAtOnce is how many names are compared while news wait: some 10 ms.
	sweepAtOnce = 4000
)

// sweep is the comparison of all input with all output at the start of a term, where it would keep the news waiting for
// seconds. It only finds the names that differ; they are put right together, so that a record which moved is never
// missing in between. Until then the head's positions and as-of stay: nobody is told of more than is known (P8).
type sweep struct {
	names []zone.Name     // still to be looked at
	found []zone.Name     // to be worked out again
	stale map[string]bool // ids of held RRsets that were listed before
	// had are the checksums of what was presented at the start: names come in any order, and each look into the table
	// would unpack a shard. A row that was written since differs, and is worked out once more for nothing.
	had map[string]uint64
}

// always is received from at once.
var always = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// startSweep begins the comparison from what is presented: that says where delegations and DNAMEs are, so any name can
// be looked at by itself.
func (t *term) startSweep() {
	had := make(map[string]uint64, t.presented.Head().Rows)
	for key, value := range t.presented.All() {
		had[key] = xxhash.Sum64(value)
		t.recallWorld(key, value)
	}
	t.sweep = &sweep{names: t.allNames(had), stale: t.listed, had: had}
	t.listed = map[string]bool{}
}

// markSince marks what the inputs' logs say was changed since the last commit: those need not wait for the sweep.
func (t *term) markSince(ctx context.Context) error {
	for _, in := range t.inputs {
		if !in.seen || in.unlisted {
			continue
		}
		keys, _, err := table.Since(ctx, t.st, in.table, t.presented.Head().Inputs[in.table], in.head)
		if err != nil {
			return err
		}
		for _, key := range keys {
			t.mark(key)
		}
	}
	return nil
}

// recallWorld takes over what a presented name is to others.
func (t *term) recallWorld(key string, value []byte) {
	if _, ok := row.ZoneOf(key); ok {
		return
	}
	apex, sets, err := row.DecodePresentedSets(value)
	if err != nil {
		return // the sweep finds that it differs
	}
	ns, cut := zone.FindSet(sets, zone.TypeNS)
	_, dname := zone.FindSet(sets, zone.TypeDNAME)
	if !cut && !dname {
		return
	}
	n, err := zone.ParseName(key)
	if err != nil {
		return
	}
	o := outcome{dname: dname}
	if cut && n != apex {
		o.cut = ns.Data
	}
	t.world.note(n, o, map[zone.Name]bool{}, map[zone.Name]bool{})
}

// allNames gives every name once.
func (t *term) allNames(presented map[string]uint64) []zone.Name {
	names := make([]zone.Name, 0, len(presented))
	names = slices.AppendSeq(names, t.namesWith(maps.Keys(presented)))
	if len(t.inputs) > 1 {
		slices.Sort(names)
		names = slices.Compact(names)
	}
	return names
}

// sweepOn looks at the next names, and marks what was found once all are seen.
func (t *term) sweepOn() {
	s := t.sweep
	n := min(len(s.names), sweepAtOnce)
	for i, o := range t.world.spread(s.names[:n], t.resolve) {
		if t.differs(s.names[i], o) {
			s.found = append(s.found, s.names[i])
		}
	}
	if s.names = s.names[n:]; len(s.names) > 0 {
		return
	}
	for _, n := range s.found {
		t.dirty[n] = true
	}
}

// differs tells whether a name must be worked out again. Those that are held or in conflict are: the term keeps
// account of them.
func (t *term) differs(n zone.Name, o outcome) bool {
	had, ok := t.sweep.had[o.key]
	return ok != (o.value != nil) || ok && had != xxhash.Sum64(o.value) || len(o.faults) > 0 ||
		o.conflict != nil || t.conflicting[o.key] ||
		!slices.Equal(t.world.cuts[n], o.cut) || t.world.dnames[n] != o.dname
}

// endSweep takes off the list what is held no more. It comes after what was found is settled.
func (t *term) endSweep() {
	t.log.Info("compared all names with what is presented", "different", len(t.sweep.found))
	for id := range t.sweep.stale {
		if !t.listed[id] {
			t.tx.held.Delete(id)
		}
	}
	t.countOverflow()
	t.sweep = nil
}

// compareAll is the full comparison at once, before anything else.
func (t *term) compareAll(ctx context.Context) error {
	t.forgetFaults()
	t.markAll()
	return t.commit(ctx)
}
