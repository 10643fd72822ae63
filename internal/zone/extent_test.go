package zone

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// setOf has so many records of so many octets (4 at least, for there are to be many).
func setOf(records, octets int) RRset {
	s := RRset{Type: 65280, TTL: 60}
	for i := range records {
		head := binary.BigEndian.AppendUint32(nil, uint32(i))
		s.Data = append(s.Data, Rdata(string(head)+strings.Repeat("x", octets-len(head))))
	}
	return s
}

func TestFit(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		set  RRset
		want string
	}{
		"one":                          {setOf(1, 4), ""},
		"addresses that fit":           {setOf(4069, 4), ""},
		"one more":                     {setOf(4070, 4), "4070 records in one RRset take 65120 octets in a message, and at most 65115 fit"},
		"what was accepted once":       {setOf(5000, 4), "80000 octets in a message"},
		"IPv6 addresses that fit":      {setOf(2325, 16), ""},
		"one IPv6 address more":        {setOf(2326, 16), "in a message"},
		"the most data there may be":   {setOf(1, MaxRRset-2), ""},
		"an octet more":                {setOf(1, MaxRRset-1), "61441 octets of data in one RRset, at most 61440"},
		"the most data in 240 records": {setOf(240, MaxRRset/240-2), ""},
	} {
		err := c.set.Extent().Fit()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// Parts add up to the whole, and what fits stays one when something is taken away.
func TestExtentPlus(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := setOf(rapid.IntRange(1, 5000).Draw(t, "records"), rapid.IntRange(4, 300).Draw(t, "octets"))
		cut := rapid.IntRange(0, len(s.Data)-1).Draw(t, "cut")
		a, b := RRset{Data: slices.Clone(s.Data[:cut])}, RRset{Data: s.Data[cut:]}
		if whole := a.Extent().Plus(b.Extent()); whole != s.Extent() || whole.Wire() != s.Size()+10*len(s.Data) {
			t.Fatalf("%v and %v are %v, not %v", a.Extent(), b.Extent(), whole, s.Extent())
		}
		if s.Extent().Fit() == nil && a.Extent().Fit() != nil {
			t.Fatalf("%v fits, and not %v of it", s.Extent(), a.Extent())
		}
	})
}
