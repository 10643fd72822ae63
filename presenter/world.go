package presenter

import (
	"cmp"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// world is what one name has to know of others: the zones, and where delegations and DNAMEs are served.
type world struct {
	zones  map[zone.Name]row.ZoneFacts
	cuts   map[zone.Name][]zone.Rdata // delegation -> its NS
	dnames map[zone.Name]bool
	glue   map[zone.Name]int // name -> how many delegations point to it
	edits  uint64            // counts changes of cuts, dnames and glue
}

func newWorld() *world {
	return &world{zones: map[zone.Name]row.ZoneFacts{}, cuts: map[zone.Name][]zone.Rdata{}, dnames: map[zone.Name]bool{}, glue: map[zone.Name]int{}}
}

// clone gives a world that changes by itself.
func (w *world) clone() *world {
	return &world{zones: maps.Clone(w.zones), cuts: maps.Clone(w.cuts), dnames: maps.Clone(w.dnames), glue: maps.Clone(w.glue)}
}

// zoneOf gives the apex of the longest zone that n belongs to, or "".
func (w *world) zoneOf(n zone.Name) zone.Name {
	for ; n != ""; n = n.Parent() {
		if _, ok := w.zones[n]; ok {
			return n
		}
	}
	return ""
}

func (w *world) place(n zone.Name) merge.Place {
	p := merge.Place{Zone: w.zoneOf(n), ZoneOf: w.zoneOf, Glue: w.glue[n] > 0}
	if n == p.Zone {
		p.Above = w.zoneOf(n.Parent())
	}
	if p.Zone == "" || n == p.Zone || len(w.cuts)+len(w.dnames) == 0 {
		return p
	}
	for up := n.Parent(); len(up) > len(p.Zone); up = up.Parent() {
		if w.cuts[up] != nil {
			p.Cut = up // the one nearest the apex counts
		}
		if w.dnames[up] {
			p.DNAME = up
		}
	}
	if w.dnames[p.Zone] {
		p.DNAME = p.Zone
	}
	return p
}

// outcome is what a name came to, ready to be written.
type outcome struct {
	key      string // the name in presentation form
	value    []byte // nil: no row
	conflict *row.Conflict
	faults   []merge.Fault
	cut      []zone.Rdata
	dname    bool
	tally    tally
}

// resolver works out one name. It is called from several goroutines at once.
type resolver func(n zone.Name, p merge.Place) outcome

// parallelFrom is the number of names from which they are worked out on several cores.
const parallelFrom = 2000

// settle works out names, and those that depend on what they came to, until nothing changes any more: a delegation or DNAME
// that comes or goes concerns all names below, and the targets of a delegation's NS are glue. Only names nearer the apex
// decide about names further down, so it ends. all gives every name there is; keep takes the results, the last one counts.
func (w *world) settle(dirty map[zone.Name]bool, all func() iter.Seq[zone.Name], resolve resolver, keep func(zone.Name, outcome)) {
	for len(dirty) > 0 {
		dirty = w.round(dirty, all, resolve, keep)
	}
}

// round works names out, and gives those that depend on what they came to.
func (w *world) round(dirty map[zone.Name]bool, all func() iter.Seq[zone.Name], resolve resolver, keep func(zone.Name, outcome)) (next map[zone.Name]bool) {
	above := map[zone.Name]bool{} // names whose delegation or DNAME changed
	next = map[zone.Name]bool{}
	note := func(n zone.Name, o outcome) {
		keep(n, o)
		w.note(n, o, above, next)
	}
	if names := slices.Collect(maps.Keys(dirty)); len(names) >= parallelFrom {
		for i, o := range w.spread(names, resolve) {
			note(names[i], o)
		}
	} else {
		slices.SortFunc(names, func(a, b zone.Name) int { return cmp.Or(a.Labels()-b.Labels(), cmp.Compare(a, b)) })
		for _, n := range names {
			note(n, resolve(n, w.place(n)))
		}
	}
	if len(above) > 0 {
		for n := range all() {
			for up := n.Parent(); up != ""; up = up.Parent() {
				if above[up] {
					next[n] = true
					break
				}
			}
		}
	}
	return next
}

// note records what a name is to others, and collects who must be looked at again.
func (w *world) note(n zone.Name, o outcome, above, next map[zone.Name]bool) {
	old := w.cuts[n]
	if (old != nil) != (o.cut != nil) || w.dnames[n] != o.dname {
		above[n] = true
		w.edits++
	}
	if o.dname {
		w.dnames[n] = true
	} else {
		delete(w.dnames, n)
	}
	if slices.Equal(old, o.cut) {
		return
	}
	w.edits++
	count := func(targets []zone.Rdata, by int) {
		for _, t := range targets {
			target := zone.Name(t)
			was := w.glue[target] > 0
			if w.glue[target] += by; w.glue[target] <= 0 {
				delete(w.glue, target)
			}
			if was != (w.glue[target] > 0) {
				next[target] = true
			}
		}
	}
	count(o.cut, 1)
	count(old, -1)
	if o.cut != nil {
		w.cuts[n] = o.cut
	} else {
		delete(w.cuts, n)
	}
}

// spread works names out on all cores, with the delegations that are known so far.
func (w *world) spread(names []zone.Name, resolve resolver) []outcome {
	out := make([]outcome, len(names))
	onAllCores(len(names), func(i int) { out[i] = resolve(names[i], w.place(names[i])) })
	return out
}

// onAllCores calls do for 0 to n-1, from several goroutines at once.
func onAllCores(n int, do func(i int)) {
	workers := max(1, min(runtime.GOMAXPROCS(0), 8))
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				do(i)
			}
		})
	}
	wait.Wait()
}
