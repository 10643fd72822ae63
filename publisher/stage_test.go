package publisher

import (
	"fmt"
	"testing"
)

func TestPublishesAndFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := w.proxy()
	w.commit(func(e edit) {
		e.zone("example.")
		e.put("example.", "www.a.example.", "A 192.0.2.1", "AAAA 2001:db8::1")
	})
	p.synced("first release")
	first := p.head
	w.commit(func(e edit) { e.put("example.", "x.y.example.", "A 192.0.2.2") })
	p.synced("creation")
	if p.head.Version != first.Version+1 || p.head.Base != first.Base {
		t.Errorf("a creation made version %d after %d, base %d", p.head.Version, first.Version, p.head.Base.Version)
	}
	if node, ok := p.view.Lookup(name(t, "y.example.")); !ok || len(node.Sets) != 0 {
		t.Errorf("y.example. is %v %v, want an empty non-terminal", node, ok)
	}
	w.commit(func(e edit) { e.drop("x.y.example.") })
	p.synced("deletion")
	if _, ok := p.view.Lookup(name(t, "y.example.")); ok {
		t.Error("y.example. is there though nothing is below it")
	}
	w.commit(func(e edit) { e.put("example.", "www.a.example.") }) // masked: no records
	p.synced("mask")
	for i := range 5 {
		w.commit(func(e edit) { e.put("example.", fmt.Sprintf("h%d.example.", i), "A 192.0.2.9") })
	}
	p.synced("more")
}
