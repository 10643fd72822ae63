package zone

import (
	"encoding/json"
	"testing"
)

// An address is four octets that are no UTF-8: written as a plain string they would come back as something else.
func TestRRsetSurvivesJSON(t *testing.T) {
	t.Parallel()
	for typ, text := range map[string]string{"A": "192.0.2.200", "TXT": `"a \200 b" "c;d"`, "MX": "10 mail.example.", "HTTPS": `1 . alpn="h2"`,
		"SOA": "ns.example. hostmaster.example. 1 2 3 4 5", "TYPE65280": `\# 2 fffe`} {
		kind, _ := ParseType(typ)
		data, err := ParseRdata(kind, text, "")
		if err != nil {
			t.Fatal(err)
		}
		set := RRset{Type: kind, TTL: 60, Data: []Rdata{data}}
		out, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		var back RRset
		if err := json.Unmarshal(out, &back); err != nil || !back.Equal(set) {
			t.Errorf("%s: %s came back as %v, %v", typ, out, back, err)
		}
	}
}
