package plan

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func drawCause(t *rapid.T) Cause {
	text := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"main", "a\"b", `c\d`, "<e>&", "f\ng", "über"}), rapid.String())
	return Cause{Origin: row.Origin{Source: text.Draw(t, "source"), Module: text.Draw(t, "module"), Entity: text.Draw(t, "entity"), File: text.Draw(t, "file"),
		Commit: text.Draw(t, "commit"), Mode: text.Draw(t, "mode"), Scope: text.Draw(t, "scope"), Reason: text.Draw(t, "reason"),
		Expires: rapid.Int64Range(0, 2).Draw(t, "expires"), Author: text.Draw(t, "author")},
		Line: rapid.IntRange(0, 2).Draw(t, "line"), Column: rapid.IntRange(0, 2).Draw(t, "column"), Why: text.Draw(t, "why")}
}

func drawChange(t *rapid.T) Change {
	set := rapid.Custom(func(t *rapid.T) *zone.RRset {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		text := rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "text")
		return &zone.RRset{Type: zone.TypeTXT, TTL: rapid.Uint32Range(0, 9).Draw(t, "ttl"), Rotate: zone.Rotation(rapid.IntRange(0, 2).Draw(t, "rotate")),
			Data: []zone.Rdata{zone.Rdata(append([]byte{byte(len(text))}, text...))}}
	})
	c := Change{Name: "\x03www\x07example\x00", Zone: "\x07example\x00", Kind: Changed, Sets: []SetChange{}, Written: "w"}
	for range rapid.IntRange(0, 3).Draw(t, "sets") {
		causes := rapid.SliceOfN(rapid.Custom(drawCause), 0, 3)
		c.Sets = append(c.Sets, SetChange{Type: zone.TypeTXT, Before: set.Draw(t, "before"), After: set.Draw(t, "after"), Causes: causes.Draw(t, "causes"),
			Was: causes.Draw(t, "was"), Shadows: causes.Draw(t, "shadows"), Unshadows: causes.Draw(t, "unshadows")})
	}
	return c
}

// TestAppend holds the encoding to that of encoding/json, and a plan that is read to the one that was written.
func TestAppend(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := &Plan{Format: Format, Made: time.Unix(1, 0).UTC(), Against: Against{Kind: Revision, Name: `"changes":[]`}, Changes: []Change{}, Summaries: []Summary{}}
		p.Changes = append(p.Changes, rapid.SliceOfN(rapid.Custom(drawChange), 0, 3).Draw(t, "changes")...)
		if err := p.Seal(); err != nil {
			t.Fatal(err)
		}
		var want, got bytes.Buffer
		if err := json.NewEncoder(&want).Encode(p); err != nil {
			t.Fatal(err)
		}
		if err := p.Write(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("%s\nencoding/json has\n%s", &got, &want)
		}
		again, err := Read(&got)
		if err != nil || again.Digest != p.Digest {
			t.Fatal(again, err)
		}
	})
}
