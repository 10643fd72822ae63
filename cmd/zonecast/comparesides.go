package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"

	"zonecast/internal/compare"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/localproxy/answer"
)

// sides are the two that are asked, and the content whose names they are asked for.
type sides struct {
	here  compare.Asker
	there compare.Server
	view  *snapshot.View // nil: there are only names of a log or a transfer
	guard func(func() error) error
	zones []snapshot.Zone
	more  []compare.Question // of --names
	close func()
}

// sides opens everything that is needed.
func (f *compareFlags) sides(cmd *cobra.Command) (s *sides, err error) {
	j, err := f.from.job()
	if err != nil {
		return nil, err
	}
	s = &sides{there: compare.NewServer(f.server), guard: func(do func() error) error { return do() }, close: func() {}}
	content, err := f.from.open(cmd)
	switch {
	case err == nil:
		s.view, s.guard, s.close = content.view, content.guard, content.close
		if s.zones, err = j.Choose(s.view.Zones()); err != nil {
			s.close()
			return nil, err
		}
	case f.from.snapshot == "" && !f.from.offline() && (f.axfr || f.names != "") && len(j.Zones) > 0:
		fmt.Fprintf(cmd.ErrOrStderr(), "without the names of a release: %v\n", err)
		for _, apex := range j.Zones {
			s.zones = append(s.zones, snapshot.Zone{Apex: apex})
		}
	default:
		return nil, fmt.Errorf("no names to ask for: %w", err)
	}
	if s.here, err = f.ours(content); err == nil {
		s.more, err = f.readNames(cmd, s.inside)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// ours is who answers here.
func (f *compareFlags) ours(content exported) (compare.Asker, error) {
	if f.with != "" {
		return compare.NewServer(f.with), nil
	}
	if f.from.snapshot != "" || f.from.offline() {
		return &engineAsker{engine: answer.NewEngine(answer.Config{}), content: content}, nil
	}
	cfg, _, err := loadConfig(f.from.ask.file)
	if err != nil {
		return nil, err
	}
	if len(cfg.LocalProxy.DNS) == 0 {
		return nil, errors.New("the config has no localproxy.dns: name our server with --with")
	}
	return compare.NewServer(strings.NewReplacer("0.0.0.0:", "127.0.0.1:", "[::]:", "[::1]:").Replace(cfg.LocalProxy.DNS[0])), nil
}

// inside tells whether a name is in one of the zones that are compared.
func (s *sides) inside(n zone.Name) bool {
	return slices.ContainsFunc(s.zones, func(z snapshot.Zone) bool { return n.Under(z.Apex) })
}

// compare asks for everything, and tells what only the old server has.
func (s *sides) compare(ctx context.Context, run *compare.Run, f *compareFlags) (compare.Summary, error) {
	var there []compare.Question
	var alone []compare.Difference
	if f.axfr {
		for _, z := range s.zones {
			list, err := s.there.Transfer(ctx, z.Apex)
			if err != nil {
				return compare.Summary{}, fmt.Errorf("--axfr: %w", err)
			}
			more, only, err := s.transferred(list)
			if err != nil {
				return compare.Summary{}, err
			}
			there, alone = append(there, more...), append(alone, only...)
		}
	}
	var sum compare.Summary
	err := s.guard(func() (err error) {
		sum, err = run.Do(ctx, s.questions(there))
		return err
	})
	for _, d := range alone {
		if run.Ignore[d.Class] || err != nil {
			continue
		}
		sum.Differences[d.Class]++
		err = run.Report(d)
	}
	return sum, err
}

// transferred parts what the old server has: what to ask for, since the content has the name and not the type, and names that
// only the old server has. What the content has is asked for anyway.
func (s *sides) transferred(list []compare.Question) (more []compare.Question, only []compare.Difference, err error) {
	if s.view == nil {
		return list, nil, nil
	}
	err = s.guard(func() error {
		told := map[zone.Name]bool{}
		for _, q := range list {
			node, ok := s.view.Lookup(q.Name)
			if _, has := zone.FindSet(node.Sets, q.Type); ok && !has {
				more = append(more, q)
			}
			if !ok && !told[q.Name] {
				told[q.Name] = true
				only = append(only, compare.Difference{Question: q, Class: compare.OnlyThere, Here: "no such name", There: "in its transfer"})
			}
		}
		return nil
	})
	return more, only, err
}

// questions are those of the content, then what the old server has beyond it, then those of a file.
func (s *sides) questions(there []compare.Question) iter.Seq2[compare.Question, error] {
	return func(yield func(compare.Question, error) bool) {
		if s.view != nil {
			for _, z := range s.zones {
				for q, err := range compare.Questions(z, s.view.Walk(z.Apex)) {
					if !yield(q, err) {
						return
					}
				}
			}
		}
		for _, list := range [][]compare.Question{there, s.more} {
			for _, q := range list {
				if !yield(q, nil) {
					return
				}
			}
		}
	}
}

// engineAsker answers from content as a local proxy does.
type engineAsker struct {
	mu      sync.Mutex
	engine  *answer.Engine
	content exported
}

func (e *engineAsker) Ask(_ context.Context, q compare.Question) (a compare.Answer, err error) {
	m := new(dns.Msg).SetQuestion(q.Name.String(), uint16(q.Type))
	m.RecursionDesired = false
	query, err := m.Pack()
	if err != nil {
		return a, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	err = e.content.guard(func() error {
		raw, _ := e.engine.Answer(e.content.view, answer.Facts{Version: uint64(e.content.serial)}, query, nil, answer.TCP)
		reply := new(dns.Msg)
		if err := reply.Unpack(raw); err != nil {
			return err
		}
		a, err = compare.Read(q, reply)
		return err
	})
	return a, err
}
