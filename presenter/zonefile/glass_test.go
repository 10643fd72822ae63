package zonefile

import (
	"testing"
	"time"

	"zonecast/internal/checkout"
)

// No file of the folder passes for what a person set by hand, an included one neither.
func TestNoFileIsSetByHand(t *testing.T) {
	t.Parallel()
	zones, problems := Parse([]checkout.File{
		{Path: "example.com.yaml", Data: []byte("'': {type: NS, value: ns1.example.net.}\nwww: !include '@override/www.yaml'\n")},
		{Path: "@override/www.yaml", Data: []byte("- {type: A, value: 192.0.2.1}\n")},
	}, Options{Now: time.Unix(1e9, 0)})
	for _, z := range zones.Zones {
		for _, r := range z.Records {
			if r.Human.Glass() {
				t.Errorf("%s counts as set by hand", r.Owner)
			}
		}
	}
	if len(problems) == 0 {
		t.Error("the include was taken")
	}
}
