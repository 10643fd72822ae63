package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// testCase is one line of the file.
type testCase struct {
	ID        int      `json:"id"`
	Origin    string   `json:"origin"`
	Zone      string   `json:"zone"`
	Qname     string   `json:"qname"`
	Qtype     string   `json:"qtype"`
	Rcode     string   `json:"rcode"`
	AA        bool     `json:"aa"`
	Answer    []string `json:"answer"`
	Authority []string `json:"authority"` // null where the four servers differ; it counts when answer is empty

	answer, authority []string // in the spelling of texts
	names             []string // that an answer can come across: owners, targets, the question
}

func read(path string) ([]*testCase, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 1<<20)
	var cases []*testCase
	for lines.Scan() {
		c := &testCase{}
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			return nil, fmt.Errorf("%s, case %d: %w", path, len(cases)+1, err)
		}
		if err := c.prepare(); err != nil {
			return nil, fmt.Errorf("%s, case %d: %w", path, c.ID, err)
		}
		cases = append(cases, c)
	}
	return cases, lines.Err()
}

func (c *testCase) prepare() (err error) {
	if c.answer, err = normal(c.Answer); err != nil {
		return err
	}
	if c.authority, err = normal(c.Authority); err != nil {
		return err
	}
	c.Origin = dns.CanonicalName(c.Origin)
	c.names = []string{dns.CanonicalName(c.Qname)}
	for _, word := range strings.Fields(c.Zone) { // every name is written out, with its final dot
		if strings.HasSuffix(word, ".") {
			c.names = append(c.names, dns.CanonicalName(word))
		}
	}
	for _, line := range c.answer { // what a DNAME makes
		c.names = append(c.names, strings.Fields(line)[0], strings.Fields(line)[4])
	}
	return nil
}

// batches puts cases together whose zones share no name: each is answered as if it were alone.
func batches(cases []*testCase) [][]*testCase {
	var all [][]*testCase
	for _, c := range cases {
		i := slices.IndexFunc(all, func(batch []*testCase) bool {
			return !slices.ContainsFunc(batch, func(other *testCase) bool { return c.meets(other.Origin) || other.meets(c.Origin) })
		})
		if i < 0 {
			i, all = len(all), append(all, nil)
		}
		all[i] = append(all[i], c)
	}
	return all
}

// meets tells whether a name of the case stands in another zone.
func (c *testCase) meets(origin string) bool {
	return slices.ContainsFunc(c.names, func(n string) bool { return dns.IsSubDomain(origin, n) })
}

// texts gives sorted records in one spelling.
func texts(list []dns.RR) []string {
	out := []string{}
	for _, rr := range list {
		out = append(out, dns.CanonicalName(rr.Header().Name)+strings.ReplaceAll(rr.String()[len(rr.Header().Name):], "\t", " "))
	}
	slices.Sort(out)
	return out
}

func normal(lines []string) ([]string, error) {
	list := []dns.RR{}
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			return nil, err
		}
		list = append(list, rr)
	}
	return texts(list), nil
}
