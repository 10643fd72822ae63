package override

import (
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func set(t *testing.T, typ string, texts ...string) (s zone.RRset) {
	t.Helper()
	s.Type, _ = zone.ParseType(typ)
	s.TTL = 300
	for _, text := range texts {
		d, err := zone.ParseRdata(s.Type, text, "")
		if err != nil {
			t.Fatal(err)
		}
		s.Data = append(s.Data, d)
	}
	s.Normalize()
	return s
}

func TestAt(t *testing.T) {
	t.Parallel()
	made := func(why, typ string, texts ...string) row.Claim {
		return row.Claim{Set: set(t, typ, texts...), Origin: row.Origin{Source: "main", Module: "servers", Entity: "server/a"}, Why: why}
	}
	human := func(why string, o row.Origin, typ string, texts ...string) row.Claim {
		if o.File == "" {
			o.File = "example.com.yaml"
		}
		return row.Claim{Set: set(t, typ, texts...), Origin: o, Why: why}
	}
	replace, mask, added := row.Origin{Mode: "replace"}, row.Origin{Mode: "mask"}, row.Origin{Mode: "merge"}
	whole := row.Origin{Mode: "mask", Scope: "name"}
	byHand := row.Origin{Mode: "replace", File: row.GlassFile + "1"}
	for name, c := range map[string]struct {
		claims, shadowed []row.Claim
		state, stale     string
		shadows          int
	}{
		"replaces another value":             {[]row.Claim{human("", replace, "A", "192.0.2.9")}, []row.Claim{made("override", "A", "192.0.2.1")}, InForce, "", 1},
		"the value is the same now":          {[]row.Claim{human("", replace, "A", "192.0.2.9", "192.0.2.8")}, []row.Claim{made("override", "A", "192.0.2.9"), made("override", "A", "192.0.2.8")}, InForce, Same, 2},
		"one of the values":                  {[]row.Claim{human("", replace, "A", "192.0.2.9")}, []row.Claim{made("override", "A", "192.0.2.9", "192.0.2.8")}, InForce, "", 1},
		"nothing is there to replace":        {[]row.Claim{human("", replace, "A", "192.0.2.9")}, []row.Claim{made("standby", "A", "192.0.2.9")}, InForce, Nothing, 0},
		"a CNAME in place of the same and A": {[]row.Claim{human("", replace, "CNAME", "a.example.")}, []row.Claim{made("override", "CNAME", "a.example."), made("override", "A", "192.0.2.1")}, InForce, "", 2},
		"masks":                              {[]row.Claim{human("", mask, "A")}, []row.Claim{made("mask", "A", "192.0.2.1"), made("override", "TXT", "x")}, InForce, "", 1},
		"masks a name":                       {[]row.Claim{human("", whole, "A")}, []row.Claim{made("mask", "A", "192.0.2.1"), made("mask", "TXT", "x")}, InForce, "", 2},
		"nothing to mask":                    {[]row.Claim{human("", mask, "A")}, nil, InForce, Nothing, 0},
		"adds":                               {[]row.Claim{human("", added, "A", "192.0.2.9"), made("", "A", "192.0.2.1")}, nil, InForce, "", 0},
		"adds what is there":                 {[]row.Claim{human("", added, "A", "192.0.2.9"), made("", "A", "192.0.2.1", "192.0.2.9")}, nil, InForce, Same, 0},
		"expired":                            {nil, []row.Claim{human("expired", replace, "A", "192.0.2.9")}, Expired, "", 0},
		"below a cut":                        {nil, []row.Claim{human("zone-cut", replace, "A", "192.0.2.9")}, Shadowed, "", 0},
		"by hand over a file's":              {[]row.Claim{human("", byHand, "A", "192.0.2.9")}, []row.Claim{human("override", row.Origin{}, "A", "192.0.2.1")}, InForce, "", 1},
		"by hand as the file's":              {[]row.Claim{human("", byHand, "A", "192.0.2.9")}, []row.Claim{human("override", row.Origin{}, "A", "192.0.2.9")}, InForce, Same, 1},
	} {
		list := At("\x01a\x00", row.Presented{Claims: c.claims, Shadowed: c.shadowed})
		if len(list) != 1 || list[0].State != c.state || list[0].Stale != c.stale || len(list[0].Shadows) != c.shadows {
			t.Errorf("%s: %+v", name, list)
		}
	}
	if list := At("\x01a\x00", row.Presented{Claims: []row.Claim{human("", row.Origin{}, "A", "192.0.2.1"), made("", "TXT", "x")}}); list != nil {
		t.Errorf("no overrides: %+v", list)
	}
}
