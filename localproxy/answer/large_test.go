package answer

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
)

// What does not fit is not copied first: memory would be made for 64 KiB at each of an attacker's 50 octets.
func TestWhatDoesNotFitTakesNoMemory(t *testing.T) {
	v := &testView{}
	v.add(t, snapshot.Zone{Apex: name(t, "example.")}, "@ 300 SOA ns1 hostmaster 1 7200 900 1209600 300\n@ 300 NS ns1\n"+
		"large 300 TXT"+strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 200)+"\n")
	packed, err := new(dns.Msg).SetQuestion("large.example.", dns.TypeTXT).Pack()
	if err != nil {
		t.Fatal(err)
	}
	e, buf := NewEngine(Config{}), make([]byte, 0, MaxUDP)
	if n := testing.AllocsPerRun(100, func() {
		if reply, _ := e.Answer(v, facts, packed, buf, UDP); reply[2]&2 == 0 {
			t.Fatal("not truncated")
		}
	}); n != 0 {
		t.Errorf("%v allocations an answer", n)
	}
}
