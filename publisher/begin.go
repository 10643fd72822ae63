package publisher

import (
	"context"
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
	opt := table.Options{Instance: t.instance, Fenced: t.fenced}
	if t.pub, err = table.OpenWriter(ctx, t.st, tablePublished, opt); err != nil {
		return err
	}
	opt.Shards = 16 // as many rows as zones are held, at most
	if t.held, err = table.OpenWriter(ctx, t.st, tableHeld, opt); err != nil {
		return err
	}
	if t.holding, t.onHold, err = readHolding(t.held); err != nil {
		return err
	}
	t.countHeld()
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
		t.lookBack()
		t.resume(ctx)
	} else if err := t.start(ctx); err != nil {
		return err
	}
	t.baseAt = time.Now()
	if err := t.know(ctx); err != nil {
		return err
	}
	t.c.recallByHand(t.state.ByHand)
	t.c.finding = t.m.finding
	if err := t.readPolicies(ctx); err != nil {
		return err
	}
	if err := t.recallSizes(ctx, time.Now()); err != nil {
		t.log.Warn("how many names zones had lately is not known", "error", err)
	}
	switch {
	case t.back != nil:
		return t.holdStore(ctx, checkBack, t.wentBack().Error())
	case t.blind == nil:
		return t.holdStore(ctx, "", "")
	}
	return nil
}

// fenced notes a write that came too late: after another process had taken over.
func (t *term) fenced(err error) {
	t.m.fenced.Inc()
	t.log.Warn("a write was refused: another process leads now", "error", err)
}

// know reads table published and makes it, the view and the tree of names say the same.
func (t *term) know(ctx context.Context) (err error) {
	if t.view != nil {
		return t.repair(ctx)
	}
	var names []snapshot.NameChange
	t.c, err = newContent(t.pub, t.log, t.protected, func(n zone.Name, p row.Published) {
		names = append(names, snapshot.NameChange{Name: n, Sets: p.Sets})
	})
	if err != nil {
		return err
	}
	t.tree = snapshot.NewTree()
	rows, _ := t.tree.Delta(zoneChanges(t.c.zones), names)
	t.view = snapshot.NewView(snapshot.Empty()).Apply(rows)
	if !t.hasHead && len(t.c.zones) > 0 {
		t.order = &order{note: "the head was lost"}
	}
	if t.unbased {
		return t.rebuild()
	}
	return nil
}

func zoneChanges(zones map[zone.Name]row.ZoneFacts) (list []snapshot.ZoneChange) {
	for apex, facts := range zones {
		list = append(list, snapshot.ZoneChange{Zone: snapshot.Zone{Apex: apex, SerialLiteral: facts.SerialLiteral, Timestamp: facts.Timestamp}})
	}
	return list
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
	if seen := t.witness.seen(); seen.Version > 0 {
		t.epoch, t.floor = max(t.epoch, seen.Epoch), max(t.floor, seen.Version)
		t.blind = &release.Base{Version: seen.Version, Names: seen.Names, Zones: seen.Zones}
	}
	if t.floor > 0 {
		t.log.Warn("the store has no head: going on above the last version that is remembered", "epoch", t.epoch, "version", t.floor)
	}
	return nil
}

// resume begins at a head: with the view it stands for, or knowing that there is none to be had.
func (t *term) resume(ctx context.Context) {
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
		return
	}
	if !errors.Is(err, errNoHistory) {
		t.log.Error("the release log cannot be read", "error", err)
	}
	at := t.pub.Head().Inputs[inputReleases]
	if at.Fence == t.head.Epoch && at.Seq == t.head.Version && !t.pub.Head().Open {
		t.unbased = true
		return
	}
	t.log.Error("table published is not at the head's version and no base is at hand: what is served is not known here; the next release is a base",
		"head", t.head.Version, "table", at.Seq, "error", err)
	t.order = &order{note: "the table of what was published was lost"}
	t.blind = &t.head.Base
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

// repair makes table published say what the view of the releases says.
func (t *term) repair(ctx context.Context) (err error) {
	type outcome struct {
		served
		err error
	}
	read := make(chan outcome, 1)
	go func() { s, err := readServed(t.view); read <- outcome{s, err} }() // beside the look at the table: it is the other half of the work
	tx := t.pub.Begin()
	same := 0
	visit := func(n zone.Name, p row.Published) {
		node, _ := t.view.Lookup(n)
		switch z, ok := t.view.FindZone(n); {
		case len(node.Sets) == 0 || !ok:
			tx.Delete(n.String())
		case p.Zone != z.Apex || !zone.SetsEqual(p.Sets, node.Sets):
			tx.Put(n.String(), t.row(z, node))
		default:
			same++
		}
	}
	t.c, err = newContent(t.pub, t.log, t.protected, visit)
	view := <-read
	if err := errors.Join(err, view.err); err != nil {
		return err
	}
	t.tree = view.tree
	if err := t.repairZones(tx, t.view); err != nil {
		return err
	}
	if len(view.names) != same {
		for _, n := range view.names {
			if z, ok := t.view.FindZone(n.Name); ok && len(t.c.published(n.Name).Sets) == 0 {
				tx.Put(n.Name.String(), t.row(z, snapshot.Node{Name: n.Name, Sets: n.Sets}))
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
	t.c, err = newContent(t.pub, t.log, t.protected, nil)
	return err
}

// served is what a view holds: the names with records, and the tree of all names.
type served struct {
	names []snapshot.NameChange // in canonical order, which spares Delta the sorting
	tree  *snapshot.Tree
}

// readServed fails if the base cannot be read to its end: what is missing would be taken for gone.
func readServed(view *snapshot.View) (s served, err error) {
	for node, err := range view.Walk("") {
		if err != nil {
			return s, fmt.Errorf("read what is served: %w", err)
		}
		if len(node.Sets) > 0 {
			s.names = append(s.names, snapshot.NameChange{Name: node.Name, Sets: node.Sets})
		}
	}
	var zones []snapshot.ZoneChange
	for _, z := range view.Zones() {
		zones = append(zones, snapshot.ZoneChange{Zone: z})
	}
	s.tree = snapshot.NewTree()
	s.tree.Delta(zones, s.names)
	return s, nil
}

// row of a name whose last change is not known any more: it counts as changed by the head's version.
func (t *term) row(z snapshot.Zone, node snapshot.Node) []byte {
	return row.Published{Since: t.head.Version, Zone: z.Apex, Sets: node.Sets}.Encode()
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

// chooseSeed: the configured one, or zero, which makes every base's seed follow from its content (P1).
func (t *term) chooseSeed() (err error) {
	t.seed, err = t.cfg.seed()
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
