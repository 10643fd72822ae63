package presenter

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// maxGlass bounds the records that are set by hand at any time, one RRset each: who needs more changes the zone files.
const maxGlass = 100

// glass are the records that people set by hand, over the heads of everything: break-glass, for a few hours.
type glass struct {
	byID   map[string]row.Glass
	byName map[string][]row.HumanRecord // owner name -> their records
}

// glassID is the same for the same name and type: who sets it again replaces it.
func glassID(name string, t zone.Type) string {
	h := sha256.Sum256([]byte(name + " " + t.String()))
	return hex.EncodeToString(h[:4])
}

func newGlass() glass {
	return glass{byID: map[string]row.Glass{}, byName: map[string][]row.HumanRecord{}}
}

// with gives the records at a name as they would be with one more, or in another's place.
func (g glass) with(add row.Glass) []row.HumanRecord {
	list := slices.DeleteFunc(slices.Clone(g.byName[add.Name]), func(h row.HumanRecord) bool { return h.File == add.Record.File })
	list = append(list, add.Record)
	slices.SortFunc(list, func(a, b row.HumanRecord) int { return cmp.Compare(a.Set.Type, b.Set.Type) })
	return list
}

func (g glass) put(add row.Glass) {
	g.byName[add.Name] = g.with(add)
	g.byID[add.ID] = add
}

func (g glass) drop(id string) {
	old := g.byID[id]
	delete(g.byID, id)
	left := slices.DeleteFunc(slices.Clone(g.byName[old.Name]), func(h row.HumanRecord) bool { return h.File == old.Record.File })
	if g.byName[old.Name] = left; len(left) == 0 {
		delete(g.byName, old.Name)
	}
}

// recallGlass takes over what the table has. A row that cannot be read is left out, and told of.
func (t *term) recallGlass(key string, value []byte) {
	if !strings.HasPrefix(key, row.PrefixGlass) {
		return
	}
	var g row.Glass
	if err := json.Unmarshal(value, &g); err != nil || !g.Record.Glass() {
		t.log.Error("a record set by hand cannot be read and is not in force", "key", key, "error", err)
		return
	}
	t.glass.put(g)
	t.nextOf(g.Name, t.recordsOf(g.Name), t.now().Unix())
}

// recordsOf gives all human records at a name, those set by hand after those of files.
func (t *term) recordsOf(key string) []row.HumanRecord {
	list, _ := row.DecodeHuman(t.human[key]) // resolve tells of a damaged row
	return append(list, t.glass.byName[key]...)
}

// setGlass puts a record in force.
func (t *term) setGlass(g row.Glass) {
	t.glass.put(g)
	t.tx.zones.Put(row.PrefixGlass+g.ID, encode(g))
	t.noteGlass(g.Name)
}

// dropGlass takes one out of force.
func (t *term) dropGlass(id string) {
	name := t.glass.byID[id].Name
	t.glass.drop(id)
	t.tx.zones.Delete(row.PrefixGlass + id)
	t.noteGlass(name)
}

// noteGlass brings what hangs on the records set by hand up to date, after those at a name changed.
func (t *term) noteGlass(name string) {
	t.nextOf(name, t.recordsOf(name), t.at.Unix())
	t.mark(name)
	t.edits++
	t.tallies.moved = true
	if len(t.glass.byID) == 0 {
		t.tx.zones.Delete(row.KeyGlass)
		return
	}
	notes := []row.GlassNote{}
	for _, id := range slices.Sorted(maps.Keys(t.glass.byID)) {
		g := t.glass.byID[id]
		notes = append(notes, row.GlassNote{ID: id, Name: g.Name, Type: g.Record.Set.Type.String(), By: g.By, Reason: g.Record.Reason, At: g.At, Expires: g.Record.Expires})
	}
	t.tx.zones.Put(row.KeyGlass, encode(notes))
}

// endGlass drops the records set by hand whose time is over.
func (t *term) endGlass() {
	for id, g := range t.glass.byID {
		if g.Record.Expires <= t.at.Unix() {
			t.log.Warn("a record set by hand has expired", "name", g.Name, "type", g.Record.Set.Type, "by", g.By, "reason", g.Record.Reason)
			t.dropGlass(id)
		}
	}
}

// supersedeGlass drops those that a zone file says now too: the pull request has been merged.
func (t *term) supersedeGlass() {
	for id, g := range t.glass.byID {
		list, _ := row.DecodeHuman(t.human[g.Name])
		if slices.ContainsFunc(list, func(h row.HumanRecord) bool { return supersedes(h, g.Record, t.at) }) {
			t.log.Warn("a record set by hand stands in a zone file now, and goes", "name", g.Name, "type", g.Record.Set.Type, "by", g.By)
			t.dropGlass(id)
		}
	}
}

// supersedes tells whether a record of a file does what one set by hand does.
func supersedes(h, hand row.HumanRecord, now time.Time) bool {
	mode := h.Mode
	if mode == "" && hand.Mode == zonefile.ModeReplace && hand.Scope != zonefile.ScopeName {
		mode = zonefile.ModeReplace // without a mode it is served too
	}
	return h.Zone == hand.Zone && h.Set.Type == hand.Set.Type && mode == hand.Mode && cmp.Or(h.Scope, zonefile.ScopeRRset) == cmp.Or(hand.Scope, zonefile.ScopeRRset) &&
		slices.Equal(h.Set.Data, hand.Set.Data) && (h.Expires == 0 || h.Expires > now.Unix())
}

// preview gives what is presented at a name, and what it would be with the records set by hand that are given.
func (t *term) preview(n zone.Name, records []row.HumanRecord) (before, after row.Presented, err error) {
	key := n.String()
	before, _ = t.lastAt(key)
	was := t.glass.byName[key]
	t.glass.byName[key] = records
	o := t.resolve(n, t.world.place(n))
	if t.glass.byName[key] = was; was == nil {
		delete(t.glass.byName, key)
	}
	if o.value == nil {
		return before, after, nil
	}
	if after, err = row.DecodePresented(o.value); err != nil {
		return before, after, fmt.Errorf("what would be served cannot be read: %w", err)
	}
	return before, after, nil
}
