package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zonecast/ci/nameserver"
	"zonecast/internal/zone"
)

// campaign is all rounds' result.
type campaign struct {
	bin         string
	third       bool // BIND is asked where there is a difference
	report      int  // unexplained differences that are printed
	queries     int
	zones       int
	equal       map[string]int // comparisons with a peer that showed no difference
	explained   map[string]int // by rule and peer
	sided       map[string]int // of those, with BIND on our side
	unexplained int
}

// wait bounds an answer; on a busy machine a packet may be lost, so a silent server is asked once more.
const wait = 2 * time.Second

// servers of one round: ours first, then the peers, then the third opinion.
type servers struct {
	all     []*nameserver.Server
	clients []*nameserver.Client
}

func (s *servers) stop() {
	for _, c := range s.clients {
		c.Close()
	}
	for _, p := range s.all {
		p.Stop()
	}
}

func startAll(bin, dir string, zones []nameserver.Zone, third bool) (*servers, error) {
	s := &servers{}
	starts := []func() (*nameserver.Server, error){
		func() (*nameserver.Server, error) { return nameserver.Zonecast(bin, dir, zones) },
		func() (*nameserver.Server, error) { return nameserver.NSD(dir, zones) },
		func() (*nameserver.Server, error) { return nameserver.Knot(dir, zones) },
	}
	if third {
		starts = append(starts, func() (*nameserver.Server, error) { return nameserver.BIND(dir, zones) })
	}
	for _, start := range starts {
		server, err := start()
		if err == nil {
			s.all = append(s.all, server)
			var client *nameserver.Client
			if client, err = server.Dial(); err == nil {
				s.clients = append(s.clients, client)
			}
		}
		if err != nil {
			s.stop()
			return nil, err
		}
	}
	return s, nil
}

// round makes zones, has all servers serve them and asks n questions.
func (c *campaign) round(seed uint64, families, n int) (err error) {
	dir, err := os.MkdirTemp("", "differential")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = os.RemoveAll(dir)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 1))
	var all []*family
	var names [][]zone.Name
	var zones []nameserver.Zone
	var outside []zone.Name
	for i := range families {
		f := newFamily(r, i, outside)
		for _, z := range f.zones {
			file := filepath.Join(dir, fmt.Sprintf("%d.zone", len(zones)))
			if err := os.WriteFile(file, []byte(f.write(z)), 0o644); err != nil {
				return err
			}
			zones = append(zones, nameserver.Zone{Origin: z.apex.String(), File: file})
		}
		all, names = append(all, f), append(names, f.names())
		outside = append(outside, names[i][r.IntN(len(names[i]))])
	}
	c.zones += len(zones)
	s, err := startAll(c.bin, dir, zones, c.third)
	if err != nil {
		return fmt.Errorf("round %d, %s: %w", seed, dir, err)
	}
	defer s.stop()
	zoneOf := func(n zone.Name) *genZone {
		for _, f := range all {
			if z := f.zoneOf(n); z != nil {
				return z
			}
		}
		return nil
	}
	for range n {
		i := r.IntN(len(all))
		if err := c.compare(s, all[i].ask(r, names[i]), zoneOf); err != nil {
			return fmt.Errorf("round %d, %s: %w", seed, dir, err)
		}
	}
	return nil
}

// put asks one server.
func (s *servers) put(i int, q *query, tcp bool) (*response, error) {
	var raw []byte
	err := nameserver.ErrSilent
	for try := 0; try < 2 && errors.Is(err, nameserver.ErrSilent); try++ {
		if tcp {
			raw, err = s.clients[i].TCP(q.wire, wait)
		} else {
			raw, err = s.clients[i].UDP(q.wire, wait)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.all[i].Name, q, errors.Join(err, s.all[i].Alive()))
	}
	r, err := parse(raw, q.wire, q)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w: %x", s.all[i].Name, q, err, raw)
	}
	return r, nil
}

// zoneFinder gives the served zone that a name is in, or nil.
type zoneFinder func(zone.Name) *genZone

// compare asks all servers one question, and again over TCP if one of them truncated.
func (c *campaign) compare(s *servers, q *query, zoneOf zoneFinder) error {
	c.queries++
	var answers, whole [3]*response
	truncated := false
	for i := range answers {
		var err error
		if answers[i], err = s.put(i, q, q.tcp); err != nil {
			return err
		}
		truncated = truncated || answers[i].tc
	}
	if truncated && !q.tcp {
		again := *q
		again.tcp = true
		for i := range whole {
			var err error
			if whole[i], err = s.put(i, &again, true); err != nil {
				return err
			}
		}
		if err := c.judge(s, &again, whole, [3]*response{}, zoneOf); err != nil {
			return err
		}
	}
	return c.judge(s, q, answers, whole, zoneOf)
}

// judge compares ours with both peers', by the rules.
func (c *campaign) judge(s *servers, q *query, answers, whole [3]*response, zoneOf zoneFinder) error {
	var third *response
	for i := 1; i < len(answers); i++ {
		peer := s.all[i].Name
		if len(answers[0].differences(answers[i])) == 0 {
			c.equal[peer]++
			continue
		}
		if third == nil && c.third {
			var err error
			if third, err = s.put(len(answers), q, q.tcp); err != nil {
				return err
			}
		}
		ours, theirs := *answers[0], *answers[i]
		p := &pair{q: q, peer: peer, ours: &ours, theirs: &theirs, whole: whole[0], theirWhole: whole[i], zoneOf: zoneOf}
		var applied []string
		for _, k := range known {
			if len(p.ours.differences(p.theirs)) > 0 && k.apply(p) {
				applied = append(applied, k.name)
			}
		}
		rest := p.ours.differences(p.theirs)
		if len(rest) == 0 {
			for _, name := range applied {
				c.explained[name+" / "+peer]++
				if third != nil && len(answers[0].differences(third)) == 0 {
					c.sided[name+" / "+peer]++
				}
			}
			continue
		}
		c.unexplained++
		if c.unexplained <= c.report {
			fmt.Printf("UNEXPLAINED %s\n  our answer: %v\n  ours against %s:\n    %s\n", q, answers[0].chain, peer, strings.Join(rest, "\n    "))
			if third != nil {
				fmt.Printf("  ours against BIND:\n    %s\n", strings.Join(answers[0].differences(third), "\n    "))
			}
		}
	}
	return nil
}
