package zonefile

import (
	"testing"

	"zonecast/internal/checkout"
)

// A target that ends in the zone's name is whole: only its dot is missing.
func TestMissingDotFix(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"mail.example.com": "write mail.example.com.",
		"example.com":      "write example.com.",
		"mail":             "write mail. or, inside this zone, mail.example.com.",
		"mailexample.com":  "write mailexample.com. or, inside this zone, mailexample.com.example.com.",
	} {
		text := "'': {type: NS, value: ns1.example.net.}\nwww: {type: CNAME, value: " + target + "}\n"
		zones, _ := Parse([]checkout.File{{Path: "example.com.yaml", Data: []byte(text)}}, Options{DefaultTTL: 60})
		if len(zones.Broken) != 1 || len(zones.Broken[0].Problems) == 0 || zones.Broken[0].Problems[0].Fix != want {
			t.Errorf("%s: %+v", target, zones.Broken)
		}
	}
}
