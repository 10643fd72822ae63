package export

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// counting passes nodes on and counts what zone files have no word for, they say it in comments, and what Unbound's
// auth-zones (1.17) do otherwise with them.
func (j Job) counting(nodes iter.Seq2[snapshot.Node, error], lost *Losses) iter.Seq2[snapshot.Node, error] {
	var wild []zone.Name // what is at or above the node and has a wildcard: "*" sorts before what its neighbours are called
	return func(yield func(snapshot.Node, error) bool) {
		for n, err := range nodes {
			for len(wild) > 0 && !n.Name.Under(wild[len(wild)-1]) {
				wild = wild[:len(wild)-1]
			}
			if n.Name.IsWildcard() {
				wild = append(wild, n.Name.Parent())
			}
			if j.Format == UnboundAuth && len(n.Sets) == 0 && len(wild) > 0 && n.Name != wild[len(wild)-1] {
				lost.add(PastEmpty, n.Name)
			}
			for _, s := range n.Sets {
				if s.Rotate != zone.RotateNone {
					lost.add(Rotation, n.Name)
				}
			}
			if !yield(n, err) {
				return
			}
		}
	}
}

// authFile has the auth-zone clauses of an unbound-auth export.
const authFile = "zonecast.conf"

// clauses writes what Unbound needs to serve the zone files with authority: wildcards, delegations and aliases are then
// as here, which local data cannot say. The local-zone lines take away Unbound's own answers for the reverse zones of
// private and documentation networks, and for test., which come first otherwise.
func (j Job) clauses(w io.Writer, zones []snapshot.Zone) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# %s\nserver:\n", madeBy)
	for _, z := range zones {
		fmt.Fprintf(out, "  local-zone: %s transparent\n", quoted(z.Apex.String()))
	}
	if strings.ContainsAny(j.Folder, "\"\n") {
		return fmt.Errorf("folder %q: unbound.conf has no word for a path with a quotation mark or a line break", j.Folder)
	}
	for _, z := range zones {
		fmt.Fprintf(out, "auth-zone:\n  name: %s\n  zonefile: %s\n  for-downstream: yes\n  for-upstream: yes\n  fallback-enabled: no\n",
			quoted(z.Apex.String()), `"`+filepath.Join(j.Folder, FileName(z.Apex))+`"`)
	}
	return out.Flush()
}

// quoted is text in presentation form as a word of unbound.conf, which knows no escapes within quotes: an apostrophe is
// written as RFC 1035 5.1 lets it be.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			b.WriteString(`\039`)
		case c == '\\' && i+1 < len(text) && text[i+1] == '\'':
			b.WriteString(`\039`)
			i++
		case c == '\\' && i+1 < len(text) && text[i+1] == '\\': // the dot after \\ would be taken for an escaped one
			b.WriteString(`\092`)
			i++
		case c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			b.WriteByte(text[i+1])
			i++
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
