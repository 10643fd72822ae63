package snapshot

import (
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// TestTrieAgainstMap uses hashes with few bits, so that digits and whole hashes collide, and holds older tries to
// what they had.
func TestTrieAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		type version struct {
			root *trie
			want map[zone.Name]State
		}
		versions := []version{{nil, map[zone.Name]State{}}}
		size := 0
		for range rapid.IntRange(1, 8).Draw(rt, "edits") {
			last := versions[len(versions)-1]
			root, want, e := last.root, make(map[zone.Name]State), &edit{}
			for n, s := range last.want {
				want[n] = s
			}
			for range rapid.IntRange(0, 8).Draw(rt, "names") {
				n := zone.Name(rapid.StringN(1, 2, -1).Draw(rt, "name"))
				s := State(rapid.IntRange(0, 2).Draw(rt, "state"))
				root = root.put(e, &leaf{hash: clash(n), name: n, state: s}, 0)
				want[n] = s
			}
			size += e.added
			versions = append(versions, version{root, want})
			if size != len(want) {
				rt.Fatalf("counted %d, has %d", size, len(want))
			}
		}
		for i, v := range versions {
			seen := 0
			for l := range v.root.all() {
				if seen++; v.want[l.name] != l.state {
					rt.Fatalf("version %d: %q is %s", i, l.name, l.state)
				}
			}
			if seen != len(v.want) {
				rt.Fatalf("version %d: %d names, want %d", i, seen, len(v.want))
			}
			for n, s := range v.want {
				if l := v.root.find(clash(n), []byte(n)); l == nil || l.state != s {
					rt.Fatalf("version %d: %q not found as %s", i, n, s)
				}
			}
			if l := v.root.find(0, []byte("absent")); l != nil {
				rt.Fatalf("found %q", l.name)
			}
		}
	})
}

// clash is a hash that tells few names apart, at the ends of its bits only.
func clash(n zone.Name) uint64 { return uint64(n[0]&3)<<62 | uint64(n[len(n)-1]&1) }
