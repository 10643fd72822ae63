package answer

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// longestName has the 255 octets that a name may have (RFC 1035 2.3.4).
var longestName = strings.Repeat("a.", 123) + "example."

// TestEveryAcceptedSetIsWhole: whatever set zone lets through comes whole over TCP, to the longest question with every
// option asked for.
func TestEveryAcceptedSetIsWhole(t *testing.T) {
	t.Parallel()
	for _, octets := range []int{4, 5, 16, 29, 100, 162, 163, 1000, 30_000, zone.MaxRRset - 2} {
		checkWhole(t, octets, 1<<16)
	}
	rapid.Check(t, func(t *rapid.T) {
		checkWhole(t, rapid.IntRange(4, zone.MaxRRset-2).Draw(t, "octets"), rapid.IntRange(1, 6000).Draw(t, "records"))
	})
}

// checkWhole asks for so many records of one size, or as many as are let through.
func checkWhole(t rapid.TB, octets, records int) {
	t.Helper()
	set := zone.RRset{Type: 65280, TTL: 60}
	size := zone.Extent{}
	for i := range records {
		if size = size.Plus(zone.Extent{Records: 1, Octets: 2 + octets}); size.Fit() != nil {
			break
		}
		set.Data = append(set.Data, zone.Rdata(string(binary.BigEndian.AppendUint32(nil, uint32(i)))+strings.Repeat("x", octets-4)))
	}
	owner, err := zone.ParseName(longestName)
	if err != nil || len(owner) != zone.MaxName {
		t.Fatalf("%d octets, %v", len(owner), err)
	}
	apex, _ := zone.ParseName("example.")
	soa, _ := zone.ParseRdata(zone.TypeSOA, "ns1.example. admin.example. 7 3600 600 86400 60", "")
	delta, err := snapshot.DecodeDelta((&snapshot.Delta{Zones: []snapshot.ZoneChange{{Zone: snapshot.Zone{Apex: apex}}}, Names: []snapshot.NameChange{
		{Name: apex, State: snapshot.Data, Sets: []zone.RRset{{Type: zone.TypeSOA, TTL: 60, Data: []zone.Rdata{soa}}}},
		{Name: owner, State: snapshot.Data, Sets: []zone.RRset{set}}}}).Encode())
	if err != nil {
		t.Fatalf("%d records of %d octets: %v", len(set.Data), octets, err)
	}
	view := snapshot.NewView(snapshot.Empty()).Apply(delta)
	query := new(dns.Msg).SetQuestion(longestName, 65280).SetEdns0(4096, true)
	query.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}, &dns.EDNS0_TCP_KEEPALIVE{Code: dns.EDNS0TCPKEEPALIVE}}
	packed, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	engine := NewEngine(Config{NSID: strings.Repeat("x", MaxNSID), KeepAlive: time.Hour})
	raw, _ := engine.Answer(view, facts, packed, nil, TCP)
	truncated, answers := raw[2]&2 != 0, int(binary.BigEndian.Uint16(raw[6:]))
	if truncated || answers != len(set.Data) || len(raw) > MaxMessage {
		t.Fatalf("%d records of %d octets: %d answers in %d octets, truncated %v", len(set.Data), octets, answers, len(raw), truncated)
	}
}
