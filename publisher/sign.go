package publisher

import (
	"context"
	"encoding/json"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// sign makes the head again with the time of now, though nothing changed: what makes staleness visible (P8).
func (t *term) sign(ctx context.Context, now time.Time) error {
	head := t.head
	if t.fresh() {
		head.AsOf = t.asOf
	}
	return t.commit(ctx, now, t.pub.Begin(), nil, head)
}

// commit writes the head, the state beside it and the transactions of both tables in one multi; the table's fence
// guards them all (P4). A head of version 0 is none: then only the tables are written.
func (t *term) commit(ctx context.Context, now time.Time, pub, hold *table.Tx, head release.Head) error {
	if head.Version != 0 {
		state := t.state
		if n := len(state.Bases); n == 0 || state.Bases[n-1].Version != head.Base.Version {
			state = state.withBase(head.Base)
		}
		if head.Version != t.head.Version {
			head.AsOf = t.headAsOf()
		}
		head.Signed = now.Unix()
		if head.Epoch == t.head.Epoch && head.Version == t.head.Version {
			head.Signed = max(head.Signed, t.head.Signed+1) // Head.Newer counts whole seconds
		}
		head.Expires = head.Signed + int64(t.cfg.ExpireAfter/time.Second)
		ops, err := t.headOps(head, state)
		if err != nil {
			return err
		}
		pub.Also(ops...)
		pub.SetInput(inputReleases, table.Position{Fence: head.Epoch, Seq: head.Version})
		pub.SetAsOf(time.Unix(head.AsOf, 0))
		switch {
		case !t.fresh():
		case t.pos.Before(t.pub.Head().Inputs[tablePresented]): // presented was made anew: the gates judged what differs
			pub.RenewInput(tablePresented, t.pos)
		default:
			pub.SetInput(tablePresented, t.pos)
		}
		if err := t.write(ctx, pub, hold); err != nil {
			return err
		}
		t.head, t.hasHead, t.state, t.hasState = head, true, state, true
		t.witness.note(head)
		t.signed, t.stateMoved = now, false
		t.m.head(head, len(t.entries), state.Frozen != nil)
		t.m.presented.Set(float64(t.pub.Head().Inputs[tablePresented].Seq))
		if t.blind == nil {
			t.ready(nil)
		}
		return nil
	}
	return t.write(ctx, pub, hold)
}

// decide has the next commit write an entry of the log of decisions; nil is none.
func (t *term) decide(e *decision.Entry) {
	if e != nil {
		t.decided = append(t.decided, decision.Op(*e))
	}
}

// write commits. After an error the term ends, and with it what was decided.
func (t *term) write(ctx context.Context, pub, hold *table.Tx) error {
	pub.Also(t.decided...)
	t.decided = nil
	txs := []*table.Tx{pub}
	if hold == nil && t.held.Head().Open { // a group that the leader before left open
		hold = t.held.Begin()
	}
	if hold != nil {
		txs = append(txs, hold)
	}
	return table.Commit(ctx, txs...)
}

func (t *term) headOps(head release.Head, state state) ([]store.Op, error) {
	note, err := release.Sign(head, t.key)
	if err != nil {
		return nil, err
	}
	beside, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	return []store.Op{
		put(release.HeadPath(t.cfg.Stream), note, t.hasHead),
		put(release.PathState, beside, t.hasState),
	}, nil
}

// put writes a node of ours without a version check: the fence in the same transaction is the check.
func put(path string, data []byte, exists bool) store.Op {
	if exists {
		return store.Set(path, data, store.AnyVersion)
	}
	return store.Create(path, data)
}
