package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"zonecast/internal/row"
)

// Said is the fingerprint of the records that people wrote at one name: what they say, in any order, without where that
// stands, since which load and by whom. It is "" when there are none.
func Said(list []row.HumanRecord) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([][]byte, len(list))
	for i, h := range list {
		h.File, h.Commit, h.Author = "", "", ""
		parts[i] = row.EncodeHuman([]row.HumanRecord{h})
	}
	slices.SortFunc(parts, bytes.Compare)
	return digestOf(parts)
}

// Written puts Change.Written together: what people say at the name before and after the change, and what else of
// theirs decides there, on both sides.
func Written(before, after []row.HumanRecord, place [][]byte) string {
	if len(before)+len(after) == 0 {
		return ""
	}
	return strings.Join([]string{Said(before), Said(after), digestOf(place)}, ".")
}

// Wrote tells whether these are the records that people had written at the name when the plan was made, or that the
// plan itself brings.
func (c *Change) Wrote(now []row.HumanRecord) bool {
	before, rest, _ := strings.Cut(c.Written, ".")
	after, _, _ := strings.Cut(rest, ".")
	said := Said(now)
	return said == before || said == after
}

func digestOf(parts [][]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte{byte(len(p) >> 24), byte(len(p) >> 16), byte(len(p) >> 8), byte(len(p))})
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}
