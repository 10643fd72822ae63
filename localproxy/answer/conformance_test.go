package answer

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
)

// conformanceCase is what BIND, NSD, Knot and PowerDNS all answered (the Ferret data set).
type conformanceCase struct {
	ID        int      `json:"id"`
	Origin    string   `json:"origin"`
	Zone      string   `json:"zone"`
	Qname     string   `json:"qname"`
	Qtype     string   `json:"qtype"`
	Rcode     string   `json:"rcode"`
	AA        bool     `json:"aa"`
	Answer    []string `json:"answer"`
	Authority []string `json:"authority"` // null where the four differ

	filed bool // through a file of its own, not just a delta
}

const conformanceEnv = "ZONECAST_CONFORMANCE"

// conformanceFile finds the cases: they stay outside the repository (their licence is not ours).
func conformanceFile(t *testing.T) string {
	path := cmp.Or(os.Getenv(conformanceEnv),
		filepath.Join("..", "..", "..", "shared", "conformance", "zone-query-answer.jsonl.gz"))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no conformance cases: %v; %s may name them", err, conformanceEnv)
	}
	return path
}

func TestConformance(t *testing.T) {
	t.Parallel()
	file, err := os.Open(conformanceFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 1<<20)
	var shards [16][]conformanceCase // side by side: a case's time is that of writing its file
	count, filed := 0, 10            // one case in ten through a file, or all that are asked for by name
	if os.Getenv(conformanceEnv) != "" {
		filed = 1
	}
	for ; lines.Scan(); count++ {
		var c conformanceCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		c.filed = count%filed == 0
		shards[count%len(shards)] = append(shards[count%len(shards)], c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if count < 2000 {
		t.Errorf("only %d cases read", count)
	}
	for i, cases := range shards {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				c.holds(t)
			}
		})
	}
}

func (c *conformanceCase) holds(t *testing.T) {
	view := &testView{}
	if c.filed {
		view.View = c.compile(t)
		defer view.Base().Close()
	} else {
		view.add(t, snapshot.Zone{Apex: name(t, c.Origin), SerialLiteral: true}, c.Zone)
	}
	query := new(dns.Msg).SetQuestion(c.Qname, dns.StringToType[c.Qtype])
	got := ask(t, view, Facts{}, TCP, query)
	rcode := dns.StringToRcode[c.Rcode]
	fine := got.Rcode == rcode && got.Authoritative == c.AA && slices.Equal(texts(got.Answer), normal(t, c.Answer))
	if fine && len(c.Answer) == 0 && c.Authority != nil {
		fine = slices.Equal(texts(got.Ns), normal(t, c.Authority))
	}
	if !fine {
		t.Errorf("case %d: %s %s in\n%s\nwant %s aa=%t\n answer %q\n authority %q\ngot\n%s", c.ID, c.Qname, c.Qtype, c.Zone,
			c.Rcode, c.AA, c.Answer, c.Authority, got)
	}
}

// compile makes a snapshot file of the case's zone and opens it.
func (c *conformanceCase) compile(t *testing.T) *snapshot.View {
	b := snapshot.NewBuilder(snapshot.Seed{byte(c.ID)})
	if err := b.AddZone(snapshot.Zone{Apex: name(t, c.Origin), SerialLiteral: true}); err != nil {
		t.Fatal(err)
	}
	for owner, sets := range parseZone(t, c.Origin, c.Zone) {
		if err := b.Add(snapshot.Node{Name: owner, Sets: sets}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "case.snap")
	if _, err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	snap, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.NewView(snap)
}

// texts gives sorted records in one spelling.
func texts(list []dns.RR) []string {
	out := []string{}
	for _, rr := range list {
		out = append(out, dns.CanonicalName(rr.Header().Name)+rr.String()[len(rr.Header().Name):])
	}
	slices.Sort(out)
	return out
}

func normal(t *testing.T, lines []string) []string {
	list := []dns.RR{}
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rr)
	}
	return texts(list)
}
