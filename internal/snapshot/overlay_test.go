package snapshot

import (
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// TestOverlayAgainstMap uses hashes with few bits, so that homes, tags and whole hashes collide, goes on from older
// moments too, and holds all of them to what they had.
func TestOverlayAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		type version struct {
			at   moment
			want map[string]State
		}
		o := newOverlay(0, 0)
		versions := []version{{moment{}, map[string]State{}}}
		for range rapid.IntRange(1, 10).Draw(rt, "versions") {
			from := versions[rapid.IntRange(0, len(versions)-1).Draw(rt, "from")]
			at, ok := from.at.next(o.newest)
			if !ok {
				continue
			}
			o.newest = at.version
			want := maps.Clone(from.want)
			for range rapid.IntRange(0, 8).Draw(rt, "names") {
				n := rapid.StringN(1, 2, 3).Draw(rt, "name")
				s := State(rapid.IntRange(0, 2).Draw(rt, "state"))
				body := strings.Repeat("x", rapid.IntRange(0, 9).Draw(rt, "body"))
				added, replaced := o.put(&at, clash(n), change{name: []byte(n), state: s, body: []byte(body), hidden: s == ENT})
				was, had := want[n]
				if (replaced != nil) != had || had && replaced.state() != was {
					rt.Fatalf("%q replaced %v, want %s %v", n, replaced, was, had)
				}
				if string(added.body()) != body || added.hidden() != (s == ENT) {
					rt.Fatalf("%q reads back as %q, hidden %v", n, added.body(), added.hidden())
				}
				want[n] = s
			}
			versions = append(versions, version{at, want})
		}
		for i, v := range versions {
			seen := map[string]State{}
			o.all(&v.at, func(place uint64, r record) bool {
				seen[string(r.name())] = o.record(place).state()
				return true
			})
			if !maps.Equal(seen, v.want) {
				rt.Fatalf("version %d has %v, want %v", i, seen, v.want)
			}
			for n, s := range v.want {
				if r := o.find(&v.at, clash(n), []byte(n)); r == nil || r.state() != s {
					rt.Fatalf("version %d: %q not found as %s", i, n, s)
				}
			}
			if r := o.find(&v.at, clash("ab"), []byte("absent")); r != nil {
				rt.Fatalf("found %q", r.name())
			}
		}
	})
}

// clash is a hash that tells few names apart, at the ends of its bits only.
func clash(n string) uint64 { return uint64(n[0]&3)<<62 | uint64(n[len(n)-1]&1) }

// numbered is a set that tells which version made it; size is of its data, in octets.
func numbered(i, size int) []zone.RRset {
	data := fmt.Sprintf("%-*d", size, i)
	return []zone.RRset{{Type: zone.TypeTXT, Data: []zone.Rdata{zone.Rdata(data)}}}
}

// TestViewsFork goes on from any view there was, with tables that fill up meanwhile: each view keeps what it had.
func TestViewsFork(t *testing.T) {
	t.Parallel()
	base, err := parse(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		type version struct {
			view *View
			want map[zone.Name][]zone.RRset
		}
		versions := []version{{NewView(base), map[zone.Name][]zone.RRset{}}}
		for i := range rapid.IntRange(1, 30).Draw(rt, "versions") {
			from := versions[max(0, len(versions)-1-rapid.IntRange(0, 2).Draw(rt, "back"))]
			want, d := maps.Clone(from.want), &Delta{}
			for _, k := range rapid.SliceOfNDistinct(rapid.IntRange(0, 20), 0, 6, rapid.ID).Draw(rt, "names") {
				c := NameChange{Name: name(fmt.Sprintf("web%03d.ams1.example.", k)), State: Data, Sets: numbered(i, rapid.SampledFrom([]int{1, 300, 9000}).Draw(rt, "size"))}
				if rapid.IntRange(0, 3).Draw(rt, "gone") == 0 {
					c.State, c.Sets = Gone, nil
				}
				want[c.Name] = c.Sets
				d.Names = append(d.Names, c)
			}
			sortChanges(d.Names)
			versions = append(versions, version{from.view.Apply(d), want})
		}
		for i, v := range versions {
			if v.view.Overlaid() != len(v.want) {
				rt.Fatalf("version %d: %d names, want %d", i, v.view.Overlaid(), len(v.want))
			}
			for n, sets := range v.want {
				if got, ok := v.view.Lookup(n); ok != (sets != nil) || !zone.SetsEqual(got.Sets, sets) {
					rt.Fatalf("version %d: %s is %v, want %v", i, n, got.Sets, sets)
				}
			}
		}
	})
}

// TestOverlayStaysInBounds changes a few names for ever: what is replaced is let go of, and so are releases given up.
func TestOverlayStaysInBounds(t *testing.T) {
	t.Parallel()
	v := NewView(Empty())
	tables := map[*overlay]bool{}
	for i := range 20_000 {
		d := &Delta{Names: []NameChange{{name(fmt.Sprintf("h%d.example.", i%50)), Data, numbered(i, 200)}}}
		if i%3 == 0 {
			v.Apply(d) // given up
		}
		v = v.Apply(d)
		tables[v.over] = true
		if size := len(v.over.arena); size > 2*minArena || len(v.at.skips) > maxSkips {
			t.Fatalf("%d octets and %d gaps for %d of live records", size, len(v.at.skips), v.live)
		}
	}
	if len(tables) < 100 {
		t.Errorf("%d tables: nothing was written anew", len(tables))
	}
	live := 0
	v.over.all(&v.at, func(_ uint64, r record) bool {
		c := r.change()
		live += c.size()
		return true
	})
	if v.live != live {
		t.Errorf("counted %d octets, has %d", v.live, live)
	}
	for i := 20_000 - 50; i < 20_000; i++ {
		n := name(fmt.Sprintf("h%d.example.", i%50))
		if got, _ := v.Lookup(n); !zone.SetsEqual(got.Sets, numbered(i, 200)) {
			t.Errorf("%s is %v", n, got.Sets)
		}
	}
}

// TestSlotsFill: small records fill a table's slots before its arena.
func TestSlotsFill(t *testing.T) {
	t.Parallel()
	v := NewView(Empty())
	for i := range 2000 {
		v = v.Apply(&Delta{Names: []NameChange{{name(fmt.Sprintf("%d.", i)), ENT, nil}}})
		if v.over.names > len(v.over.slots)*3/4 {
			t.Fatalf("%d names in %d slots", v.over.names, len(v.over.slots))
		}
	}
	if _, ok := v.Lookup(name("0.")); !ok || v.Overlaid() != 2000 {
		t.Errorf("%d names, the first is there: %v", v.Overlaid(), ok)
	}
}

// TestVersionsEnd: a table that has had all versions that fit in 32 bits is written anew.
func TestVersionsEnd(t *testing.T) {
	t.Parallel()
	d := &Delta{Names: []NameChange{{name("example."), Data, numbered(1, 1)}}}
	v := NewView(Empty()).Apply(d)
	v.at.version, v.over.newest = math.MaxUint32-1, math.MaxUint32-1
	v = v.Apply(d)
	if next := v.Apply(d); v.at.version != math.MaxUint32 || next.at.version > 2 || next.over == v.over || next.Overlaid() != 1 {
		t.Errorf("version %d after %d", next.at.version, v.at.version)
	}
}

// resident gives this process's memory in octets.
func resident(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestOverlayMemory: an overlay takes next to nothing of the heap, and its memory goes back when the last view over it is
// collected. Not beside other tests: it looks at the whole process.
func TestOverlayMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := NewView(Empty())
	for i := range 50 {
		d := &Delta{}
		for k := range 1000 {
			d.Names = append(d.Names, NameChange{name(fmt.Sprintf("h%d.g%d.example.", k, i)), Data, numbered(k, 100)})
		}
		sortChanges(d.Names)
		v = v.Apply(d)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 || v.Overlaid() != 50_000 {
		t.Errorf("%d names take %d octets of the heap", v.Overlaid(), grown)
	}

	had := resident(t)
	large := &Delta{Names: []NameChange{{name("example."), Data, slices.Concat(numbered(1, 50_000), []zone.RRset{{Type: 300, Data: numbered(2, 60_000)[0].Data}})}}}
	for range 2000 { // two hundred megabytes
		NewView(Empty()).Apply(large)
	}
	for range 100 {
		if runtime.GC(); resident(t) < had+60<<20 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d MiB more than before", (resident(t)-had)>>20)
}
