package benchzone

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestWanted compares what questions say of their answers with the zone file.
func TestWanted(t *testing.T) {
	t.Parallel()
	const hosts = 100_000
	var file bytes.Buffer
	if err := WriteZone(&file, hosts); err != nil {
		t.Fatal(err)
	}
	names, sets := map[string]bool{}, map[string][]string{}
	asked := Questions(hosts, 500, 3)
	wanted := map[string]bool{}
	for _, q := range asked {
		wanted[q.Name] = true
	}
	for line := range strings.Lines(file.String()) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 5)
		if len(f) < 4 || !wanted[f[0]] {
			continue
		}
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		key := f[0] + " " + f[2]
		names[f[0]], sets[key] = true, append(sets[key], rr.String()[len(rr.Header().String()):])
	}
	kinds := map[string]int{}
	for _, q := range asked {
		exists, data := q.Wanted()
		if got := sets[q.Name+" "+q.Type]; exists != names[q.Name] || !slices.Equal(data, got) {
			t.Errorf("%s %s: exists=%t %q; the zone has %t %q", q.Name, q.Type, exists, data, names[q.Name], got)
		}
		kinds[q.Type]++
	}
	if len(kinds) != 5 {
		t.Errorf("types asked for: %v", kinds)
	}
}
