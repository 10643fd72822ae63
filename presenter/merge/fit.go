package merge

import (
	"fmt"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Encode makes the row's value, of at most max octets: provenance gives way, step by step, before records do. Without
// data in any claim the rest is the records themselves, which fit unless several RRsets of the largest size meet at
// one name; then ok is false.
func Encode(p row.Presented, max int) (value []byte, ok bool) {
	for _, lessen := range []func(){
		func() {},
		func() { p.Claims, p.Shadowed = coalesce(p.Claims), coalesce(p.Shadowed) },
		func() { p.Shadowed = bare(p.Shadowed) },
		func() { p.Claims = bare(p.Claims) },
	} {
		lessen()
		if value = p.Encode(); len(value) <= max {
			return value, true
		}
	}
	return nil, false
}

// coalesce makes one claim of all that one module gives for one type.
func coalesce(claims []row.Claim) (out []row.Claim) {
	type group struct {
		source, module, why string
		t                   zone.Type
	}
	at := make(map[group]int)
	count := make(map[group]int)
	for _, c := range claims {
		g := group{c.Origin.Source, c.Origin.Module, c.Why, c.Set.Type}
		i, seen := at[g]
		if !seen || c.Origin.Human() {
			at[g] = len(out)
			out = append(out, c)
			continue
		}
		count[g]++
		first := &out[i]
		if count[g] == 1 {
			first.Set.Data = append([]zone.Rdata(nil), first.Set.Data...)
		}
		first.Set.TTL, first.Set.Rotate = min(first.Set.TTL, c.Set.TTL), max(first.Set.Rotate, c.Set.Rotate)
		first.Set.Data = append(first.Set.Data, c.Set.Data...)
	}
	for g, n := range count {
		c := &out[at[g]]
		c.Origin.Entity = fmt.Sprintf("%s and %d more", c.Origin.Entity, n)
		c.Set.Normalize()
	}
	return out
}

func bare(claims []row.Claim) []row.Claim {
	out := make([]row.Claim, len(claims))
	for i, c := range claims {
		c.Set.Data = nil
		out[i] = c
	}
	return out
}

// Lessen makes one claim without data of all that one module gives for one type.
func Lessen(claims []row.Claim) []row.Claim { return bare(coalesce(claims)) }
