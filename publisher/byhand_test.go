package publisher

import (
	"fmt"
	"testing"

	"zonecast/internal/row"
)

// hand sets what is presented at a name by a record that a person set by hand; without records it is a mask.
func (e edit) hand(apex, owner string, records ...string) {
	n := name(e.w.t, owner)
	sets := setsOf(e.w.t, records...)
	e.tx.Put(n.String(), row.Presented{Zone: name(e.w.t, apex), Sets: sets, Claims: []row.Claim{{Origin: row.Origin{File: row.GlassFile + "1", Mode: "replace"}}}}.Encode())
	if e.w.want[n.String()] = sets; len(sets) == 0 {
		delete(e.w.want, n.String())
	}
}

// wait is until a name has exactly one address in what a proxy has; "" for none.
func (p *proxy) address(owner, text string) {
	p.w.t.Helper()
	p.until(owner+" "+text, func() bool {
		node, _ := p.view.Lookup(name(p.w.t, owner))
		if text == "" {
			return len(node.Sets) == 0
		}
		want := setsOf(p.w.t, "A "+text)
		return len(node.Sets) == 1 && node.Sets[0].Equal(want[0])
	})
}

// What is set by hand goes out of a held zone, and so does what comes after it; the rest stays held.
func TestByHandPassesAHeldZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pub := w.start("a")
	p := fill(t, w, 40)
	w.commit(func(e edit) {
		for i := range 20 {
			e.drop(fmt.Sprintf("h%d.example.", i))
		}
	})
	w.held("example.", "deleted-share")
	w.commit(func(e edit) {
		e.hand("example.", "h0.example.", "A 192.0.2.99")
		e.hand("example.", "new.example.", "A 192.0.2.98")
		e.hand("example.", "h30.example.")
	})
	p.address("h0.example.", "192.0.2.99")
	p.address("new.example.", "192.0.2.98")
	p.address("h30.example.", "")
	p.address("h1.example.", "192.0.2.1")
	w.held("example.", "deleted-share")

	pub.stop() // what passed by hand is remembered over a restart
	w.start("b")
	w.commit(func(e edit) {
		e.put("example.", "h0.example.", "A 192.0.2.97")
		e.drop("new.example.")
		e.put("example.", "h30.example.", "A 192.0.2.96")
	})
	p.address("h0.example.", "192.0.2.97")
	p.address("new.example.", "")
	p.address("h30.example.", "192.0.2.96")
	p.address("h1.example.", "192.0.2.1")
	w.held("example.", "deleted-share")
	w.commit(func(e edit) { e.put("example.", "h0.example.", "A 192.0.2.95") }) // nobody's hand any more
	restGoesOn(w, p)
	p.address("h0.example.", "192.0.2.97")
}

// By hand too nobody takes a zone, or its SOA or NS, past the gates.
func TestByHandDoesNotTakeAZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) { e.hand("example.", "example.", "SOA ns.example. host.example. 1 3600 600 86400 60") })
	w.held("example.", "protected")
	restGoesOn(w, p)
	w.commit(func(e edit) {
		e.zone("example.")
		e.hand("example.", "h0.example.", "A 192.0.2.99")
	})
	p.address("h0.example.", "192.0.2.99")
	w.commit(func(e edit) { e.dropZone("example.") })
	w.held("example.", "zone-gone")
	restGoesOn(w, p)
	p.address("h0.example.", "192.0.2.99")
}

// Where nothing is held a release is one count a zone, as ever.
func TestByHandBesideOtherChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) {
		e.hand("example.", "h0.example.", "A 192.0.2.99")
		e.put("example.", "h1.example.", "A 192.0.2.98")
	})
	p.synced("both")
	w.commit(func(e edit) { e.put("example.", "h0.example.", "A 192.0.2.1") })
	p.synced("back")
}

// A delegation set by hand hides the names below it: those are not set by hand, and the gates ask for them.
func TestByHandHidesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 40)
	w.commit(func(e edit) {
		for i := range 20 {
			e.put("example.", fmt.Sprintf("h%d.sub.example.", i), "A 192.0.2.7")
		}
	})
	p.synced("names below")
	w.commit(func(e edit) {
		e.hand("example.", "sub.example.", "NS ns.example.")
		for i := range 20 {
			e.drop(fmt.Sprintf("h%d.sub.example.", i))
		}
	})
	w.held("example.", "deleted-share")
	restGoesOn(w, p)
	p.address("h1.sub.example.", "192.0.2.7")
	if node, _ := p.view.Lookup(name(t, "sub.example.")); len(node.Sets) > 0 {
		t.Fatal("the delegation went out alone")
	}
}
