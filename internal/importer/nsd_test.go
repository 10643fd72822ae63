package importer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/ci/nameserver"
	"zonecast/internal/importer"
	"zonecast/internal/zone"
)

// NSD gives its zones with a key and without. It signs the first message of a transfer, the last and every 96th; this zone has more.
func TestTransferFromNSD(t *testing.T) {
	t.Parallel()
	if os.Getenv("CI") == "true" {
		if err := nameserver.Install("nsd"); err != nil {
			t.Fatal(err)
		}
	} else if _, err := os.Stat("/usr/sbin/nsd"); err != nil {
		t.Skip("there is no NSD here")
	}
	dir := t.TempDir()
	const records = 15_000
	var b strings.Builder
	b.WriteString("$ORIGIN example.com.\n@ 60 SOA ns.example.net. dns.example.net. 7 3600 600 86400 60\n@ 60 NS ns.example.net.\n")
	for i := range records {
		fmt.Fprintf(&b, "name%d 60 TXT \"%d %s\"\n", i, i, strings.Repeat("x", 150))
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(dir, "small")
	if err := os.WriteFile(small, []byte("$ORIGIN example.org.\n@ 60 SOA ns.example.net. dns.example.net. 8 3600 600 86400 60\n@ 60 NS ns.example.net.\nx 60 TYPE65280 \\# 4 0a000001\nx 60 HINFO a b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := "transfer:hmac-sha256:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
	server, err := nameserver.NSD(dir, []nameserver.Zone{{Origin: "example.com.", File: big, Transfer: key}, {Origin: "example.org.", File: small, Transfer: nameserver.Anybody}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	file := filepath.Join(dir, "key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := importer.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	com, _ := zone.ParseName("example.com.")
	org, _ := zone.ParseName("example.org.")
	ask := func(apex zone.Name, key *importer.Key) (*importer.Reading, error) {
		r := &importer.Reading{}
		return r, r.Transfer(t.Context(), importer.Transfer{Server: server.Addr, Zone: apex, Key: key, Wait: time.Minute, Total: 5 * time.Minute, Limit: 1 << 30})
	}
	r, err := ask(com, k)
	if err != nil || len(r.Problems) > 0 || r.Zones()[0].Records() != records+2 || r.Zones()[0].Serial != 7 {
		t.Fatalf("%v %v", err, r.Problems)
	}
	if _, err := ask(com, nil); err == nil || !strings.Contains(err.Error(), "NOTAUTH") && !strings.Contains(err.Error(), "REFUSED") {
		t.Errorf("without the key: %v", err)
	}
	wrong := *k
	wrong.Secret = []byte("another")
	if _, err := ask(com, &wrong); err == nil {
		t.Error("with another secret: transferred")
	}
	if r, err = ask(org, nil); err != nil || len(r.Problems) > 0 || r.Zones()[0].Records() != 4 {
		t.Errorf("%v %v", err, r.Problems)
	}
}
