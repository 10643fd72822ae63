package publisher

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// begin takes the tables over and finds out what is published: the log is the truth, table published follows it, and
// where one of them is lost the other stands in.
func (t *term) begin(ctx context.Context) (err error) {
	opt := table.Options{Instance: t.instance}
	if t.pub, err = table.OpenWriter(ctx, t.st, tablePublished, opt); err != nil {
		return err
	}
	opt.Shards = 16 // as many rows as zones are held, at most
	if t.held, err = table.OpenWriter(ctx, t.st, tableHeld, opt); err != nil {
		return err
	}
	if t.holding, err = readHolding(t.held); err != nil {
		return err
	}
	if t.c, err = newContent(t.pub, t.log, t.protected); err != nil {
		return err
	}
	if t.entries, err = t.hist.versions(ctx); err != nil {
		return err
	}
	if t.state, t.hasState, err = t.hist.state(ctx); err != nil {
		return err
	}
	if t.head, t.hasHead, err = t.hist.head(ctx); err != nil {
		return err
	}
	if err := t.chooseSeed(); err != nil {
		return err
	}
	if t.hasHead {
		err = t.resume(ctx)
	} else {
		err = t.start(ctx)
	}
	if err != nil {
		return err
	}
	t.baseAt = time.Now()
	rows, err := t.plant()
	if err != nil {
		return err
	}
	if t.view == nil {
		t.view = snapshot.NewView(snapshot.Empty()).Apply(rows)
	}
	if t.unbased {
		return t.rebuild()
	}
	return nil
}

// start begins without a head: a new installation, or one whose store was lost.
func (t *term) start(ctx context.Context) error {
	t.epoch, t.floor = max(t.mem.Epoch, 1), t.mem.Ceiling
	if n := len(t.entries); n > 0 {
		last, err := t.hist.entries(ctx, t.entries[n-1:])
		if err != nil {
			return err
		}
		t.epoch, t.floor = max(t.epoch, last[0].Epoch), max(t.floor, last[0].Version)
	}
	if t.floor > 0 {
		t.log.Warn("the store has no head: going on above the last version that is remembered", "epoch", t.epoch, "version", t.floor)
	}
	if len(t.c.zones) > 0 {
		t.order = &order{note: "the head was lost"}
	}
	return nil
}

// resume begins at a head.
func (t *term) resume(ctx context.Context) error {
	if t.mem.Ceiling > t.head.Version+ahead && t.mem.Epoch >= t.head.Epoch {
		// More than one reservation above the head: the store was restored from an older copy.
		t.floor = t.mem.Ceiling
		t.order = &order{note: "the store went back"}
		t.log.Warn("the head in the store is older than what this instance remembers: going on above it", "head", t.head.Version, "remembered", t.floor)
	}
	t.countSince()
	bases := t.state.Bases
	if len(bases) == 0 {
		bases = []release.Base{t.head.Base}
	}
	view, chain, err := t.hist.at(ctx, t.head.Version, bases)
	if err == nil && chain != t.head.Chain {
		view.Base().Close()
		err = fmt.Errorf("the head's chain differs from the log's: %w", release.ErrChain)
	}
	if err == nil {
		t.view = view
		return t.repair(ctx, view)
	}
	if !errors.Is(err, errNoHistory) {
		t.log.Error("the release log cannot be read", "error", err)
	}
	at := t.pub.Head().Inputs[inputReleases]
	if at.Fence == t.head.Epoch && at.Seq == t.head.Version {
		t.unbased = true
		return nil
	}
	t.log.Error("table published is not at the head's version and no base is at hand: what is served is not known here; the next release is a base",
		"head", t.head.Version, "table", at.Seq, "error", err)
	t.order = &order{note: "the table of what was published was lost"}
	t.blind = &t.head.Base
	return nil
}

// rebuild makes the missing base file from table published, which is at the head's version.
func (t *term) rebuild() error {
	base, snap, err := t.hist.shelf.build(t.view, t.head.Version, t.head.Chain, t.seed)
	if err != nil {
		return err
	}
	t.view = snapshot.NewView(snap)
	same := base.SHA256 == t.head.Base.SHA256
	t.log.Info("made the missing base from table published", "version", base.Version, "same", same)
	if same && base.Version == t.head.Base.Version {
		return nil
	}
	if base.Version == t.head.Base.Version { // the table differs from what this version served: say so with a new one
		t.order = &order{note: "a base was made again"}
		return nil
	}
	t.head.Base = base
	t.deltas, t.bytes = 0, 0
	return nil
}

// plant fills the tree of names from table published and gives its rows as one delta.
func (t *term) plant() (*snapshot.Delta, error) {
	var zones []snapshot.ZoneChange
	for apex, facts := range t.c.zones {
		zones = append(zones, snapshot.ZoneChange{Zone: snapshot.Zone{Apex: apex, SerialLiteral: facts.SerialLiteral, Timestamp: facts.Timestamp}})
	}
	var names []snapshot.NameChange
	for key, value := range t.pub.All() {
		if _, ok := row.ZoneOf(key); ok {
			continue
		}
		n, err := zone.ParseName(key)
		if err != nil {
			return nil, fmt.Errorf("table published: %w", err)
		}
		p, err := row.DecodePublished(value)
		if err != nil {
			return nil, fmt.Errorf("table published, %s: %w", key, err)
		}
		names = append(names, snapshot.NameChange{Name: n, Sets: p.Sets})
	}
	t.tree = snapshot.NewTree()
	rows, _ := t.tree.Delta(zones, names)
	return rows, nil
}

// repair makes table published say what the releases say.
func (t *term) repair(ctx context.Context, view *snapshot.View) error {
	tx := t.pub.Begin()
	if err := t.repairZones(tx, view); err != nil {
		return err
	}
	for node := range view.Walk("") {
		if len(node.Sets) == 0 {
			continue
		}
		z, ok := view.FindZone(node.Name)
		have := t.c.published(node.Name)
		if !ok || (have.Zone == z.Apex && zone.SetsEqual(have.Sets, node.Sets)) {
			continue
		}
		tx.Put(node.Name.String(), row.Published{Since: t.head.Version, Zone: z.Apex, Sets: node.Sets}.Encode())
	}
	for key := range t.pub.All() {
		if n, ok := nameOf(key); ok {
			if node, ok := view.Lookup(n); !ok || len(node.Sets) == 0 {
				tx.Delete(key)
			}
		}
	}
	if !tx.Changed() {
		return nil
	}
	t.log.Warn("table published differed from the releases: repaired", "version", t.head.Version)
	tx.SetInput(inputReleases, table.Position{Fence: t.head.Epoch, Seq: t.head.Version})
	if err := table.Commit(ctx, tx); err != nil {
		return err
	}
	c, err := newContent(t.pub, t.log, t.protected)
	t.c = c
	return err
}

func (t *term) repairZones(tx *table.Tx, view *snapshot.View) error {
	served := map[zone.Name]bool{}
	for _, z := range view.Zones() {
		served[z.Apex] = true
		facts := row.ZoneFacts{SerialLiteral: z.SerialLiteral, Timestamp: z.Timestamp}
		if have, ok := t.c.zones[z.Apex]; ok && have == facts {
			continue
		}
		value, err := json.Marshal(publishedZone{facts, t.head.Version})
		if err != nil {
			return err
		}
		tx.Put(row.ZoneKey(z.Apex), value)
	}
	for apex := range t.c.zones {
		if !served[apex] {
			tx.Delete(row.ZoneKey(apex))
		}
	}
	return nil
}

// chooseSeed: the configured one, the stream's, or a new one, so that nobody can choose names that collide.
func (t *term) chooseSeed() (err error) {
	switch {
	case t.cfg.Seed != "":
		t.seed, err = parseSeed(t.cfg.Seed)
	case t.hasHead:
		t.seed, err = parseSeed(t.head.Base.Seed)
	default:
		_, err = rand.Read(t.seed[:])
	}
	return err
}

// countSince counts the deltas after the head's base.
func (t *term) countSince() {
	t.deltas, t.bytes = 0, 0
	for _, v := range t.entries {
		if v > t.head.Base.Version {
			t.deltas++
		}
	}
}
