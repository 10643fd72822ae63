package main

import (
	"fmt"
	"slices"

	"zonecast/internal/check"
	"zonecast/internal/check/report"
	"zonecast/internal/policy"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// excuses are the exceptions of all zone files.
type excuses struct {
	prefix string // of the zones folder
	list   []excuse
	apexes map[zone.Name]bool
}

type excuse struct {
	zonefile.Exception
	apex   zone.Name
	broken bool // the zone has errors: not everything was looked for
	used   bool
	vain   bool // it is for an error of the policy
}

func newExcuses(prefix string, zones zonefile.Zones) *excuses {
	e := &excuses{prefix: prefix, apexes: map[zone.Name]bool{}}
	for _, z := range zones.Zones {
		e.apexes[z.Apex] = true
		for _, x := range z.Exceptions {
			e.list = append(e.list, excuse{Exception: x, apex: z.Apex})
		}
	}
	for _, z := range zones.Broken {
		e.apexes[z.Apex] = true
		for _, x := range z.Exceptions {
			e.list = append(e.list, excuse{Exception: x, apex: z.Apex, broken: true})
		}
	}
	return e
}

// apply takes out what is excused. whole tells whether generated records were looked at: only then an exception of what
// comes out when they meet zone files may be told to be without use.
func (e *excuses) apply(problems []zone.Problem, whole bool) (left []zone.Problem, excused []report.Excused) {
	for _, p := range problems {
		x := e.find(p)
		if x != nil && p.Severity == zone.Error && p.Check == policy.Check { // who writes a record cannot let himself past the policy
			x.vain, x = true, nil
		}
		if x != nil {
			x.used = true
			excused = append(excused, report.Excused{Problem: p, Reason: x.Reason})
			continue
		}
		left = append(left, p)
	}
	for _, x := range e.list {
		p := zone.Problem{Severity: zone.Error, File: e.prefix + x.File, Line: x.Line, Column: x.Column, Name: x.Owner.String()}
		if x.Owner == "" {
			p.Name = x.apex.String()
		}
		code, known := check.Find(x.Check)
		switch {
		case !known:
			p.Check, p.Text, p.Fix = "allow-unknown", fmt.Sprintf("there is no check %.60q", x.Check), "zonecast check --list has them all"
		case !code.Excusable():
			p.Check, p.Text, p.Fix = "allow-error", x.Check+" cannot be excused: what it finds is not served", "mend what it finds, and remove the exception"
		case x.vain:
			p.Check, p.Text, p.Fix = "allow-error", "an error of the policy cannot be excused where the record is written: it holds the zone", "mend the record, or make an exception in the policy, under except"
		case x.used || x.broken || !whole && !slices.Contains(code.About, check.Zones):
			continue
		default:
			p.Check, p.Severity, p.Text, p.Fix = "allow-unused", zone.Warning, "the exception of "+x.Check+" excuses nothing any more", "remove it"
		}
		left = append(left, p)
	}
	return left, excused
}

// find gives the exception that a problem falls under: of its record, else of its zone.
func (e *excuses) find(p zone.Problem) *excuse {
	if c, ok := check.Find(p.Check); !ok || !c.Excusable() {
		return nil
	}
	owner, _ := zone.ParseName(p.Name)
	var found *excuse
	for i := range e.list {
		switch x := &e.list[i]; {
		case x.Check != p.Check && (p.Rule == "" || x.Check != p.Check+"-"+p.Rule):
		case x.Owner == "" && e.zoneOf(owner) == x.apex:
			if found == nil {
				found = x
			}
		case x.Owner != "" && x.Owner == owner && (p.File != e.prefix+x.File || x.First <= p.Line && p.Line <= x.Last):
			return x
		}
	}
	return found
}

// zoneOf gives the nearest of our zones that a name is in; "" for none.
func (e *excuses) zoneOf(owner zone.Name) zone.Name {
	for n := owner; n != ""; n = n.Parent() {
		if e.apexes[n] {
			return n
		}
	}
	return ""
}
