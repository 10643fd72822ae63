// Package decision keeps the log of what people decided over the heads of guards and gates: who let what go, when and
// why, who rolled back, resumed or began a new epoch. A stage writes the entry in the very transaction that carries the
// decision out, so that there is no deed without its entry and no entry without its deed. It is one log for all stages, in
// the store (decisions/<time>-<random>), bounded to the newest Keep.
package decision

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/store"
)

// Keep is how many entries the log holds: years of a careful team's decisions, and below a folder's 10,000 children.
const Keep = 1_000

const folder = "/decisions"

// What was decided.
const (
	Release  = "release" // a held thing was let go
	Rollback = "rollback"
	Resume   = "resume"
	Epoch    = "new-epoch"
	Override = "override" // a record was set by hand
	Drop     = "override-drop"
)

// Entry is one decision.
type Entry struct {
	At     int64  `json:"at"`    // Unix seconds, by the stage's clock
	Stage  string `json:"stage"` // who carried it out: "rules.main", "presenter", "publisher"
	What   string `json:"what"`  // one of the words above
	By     string `json:"by"`    // as they said; the token tells nobody apart
	From   string `json:"from"`  // the address that the request came from
	Reason string `json:"reason"`

	// Of a held thing that was let go, as it was listed.
	ID      string `json:"id,omitempty"`
	Unit    string `json:"unit,omitempty"`
	Subject string `json:"subject,omitempty"`
	Check   string `json:"check,omitempty"`
	Cause   string `json:"cause,omitempty"`
	// Effect is what it did: of a release what was said that it would do, of the others in words.
	Effect string `json:"effect,omitempty"`
}

// Of is the entry of a held thing that is let go now.
func Of(h row.Held, why service.Why) Entry {
	return Entry{At: time.Now().Unix(), Stage: h.Owner, What: Release, By: why.By, From: why.From, Reason: why.Reason,
		ID: h.ID, Unit: h.Unit, Subject: h.Subject, Check: h.Check, Cause: h.Cause, Effect: h.Effect}
}

// maxText bounds each text of an entry, in octets: a cause may quote what was sent.
const maxText = 1_000

// Op appends an entry, in the transaction that does what it tells of.
func Op(e Entry) store.Op {
	for _, text := range []*string{&e.By, &e.From, &e.Reason, &e.Subject, &e.Cause, &e.Effect} {
		*text = (*text)[:min(len(*text), maxText)]
	}
	data, err := json.Marshal(e) // cut letters become U+FFFD
	if err != nil {
		panic(err) // plain fields: cannot happen
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return store.Create(fmt.Sprintf("%s/%020d-%s", folder, time.Now().UnixNano(), hex.EncodeToString(b[:])), data)
}

// List gives the newest entries, limit at most, the newest first.
func List(ctx context.Context, st store.Store, limit int) ([]Entry, error) {
	names, err := st.Children(ctx, folder)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	slices.Reverse(names)
	names = names[:min(len(names), limit)]
	for i := range names {
		names[i] = folder + "/" + names[i]
	}
	nodes, err := st.GetMany(ctx, names)
	if err != nil {
		return nil, err
	}
	list := make([]Entry, 0, len(nodes))
	for i, n := range nodes {
		if n.Version < 0 {
			continue // trimmed meanwhile
		}
		var e Entry
		if err := json.Unmarshal(n.Data, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", names[i], err)
		}
		list = append(list, e)
	}
	return list, nil
}

// Trim drops what is beyond Keep, the oldest first. Stages call it after a decision; it does no harm when two do at once.
func Trim(ctx context.Context, st store.Store) error {
	names, err := st.Children(ctx, folder)
	if err != nil || len(names) <= Keep {
		return err
	}
	slices.Sort(names)
	for _, name := range names[:len(names)-Keep] {
		if err := st.Multi(ctx, store.Delete(folder+"/"+name, store.AnyVersion)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
