package main

import (
	"slices"
	"strings"
	"time"

	"zonecast/internal/check/report"
	"zonecast/internal/checkout"
	"zonecast/internal/policy"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/presenter"
	"zonecast/presenter/zonefile"
	"zonecast/rules/maker"
	"zonecast/rules/ruleset"
)

// checkedFolders are what a check looks at: the reviewed files of one moment. Either may be nil.
type checkedFolders struct {
	rules, zones *checkedFolder
	inventory    []string // files, as rules.inventory of the config has them
	programs     map[string]maker.Program
	served       *snapshot.View // what is served now, or nil
	now          time.Time
}

// checkedFolder is a set of files, and what could not be read of it.
type checkedFolder struct {
	checkout.Set
	faults []zone.Problem // with the set's prefix
}

// missing tells whether a file of the folder is there and could not be read.
func (f *checkedFolder) missing(path string) bool {
	return slices.ContainsFunc(f.faults, func(p zone.Problem) bool { return p.File == f.Prefix+path })
}

// checkFolders gives everything that is wrong with a set of folders, sorted by place: of single files, of the records that modules
// make for the inventory, and of what comes out when these meet the zone files. Exceptions and severities are applied. Nothing
// hides anything but what depends on it. An error is one of reading what is served.
func checkFolders(cfg Config, in checkedFolders) (report.Report, error) {
	var problems []zone.Problem
	generated := presenter.Generated{}
	var modules map[string]string
	var rules *policy.Policy
	whole := in.rules == nil
	if in.rules != nil {
		var more []zone.Problem
		generated[cfg.Rules.Source], modules, rules, more = checkRules(cfg, in)
		problems = append(problems, more...)
		whole = len(in.inventory) > 0 && !slices.ContainsFunc(more, func(p zone.Problem) bool { return p.Severity == zone.Error })
	}
	var r report.Report
	if in.zones != nil {
		zones, more := checkZones(cfg, in)
		problems = append(problems, more...)
		more, err := presenter.MergeAll(zones, generated, presenter.Offline{Prefix: in.zones.Prefix, Sources: cfg.Presenter.Sources, Now: in.now,
			Modules: modules, Policies: []*policy.Policy{rules}, Served: in.served, Full: whole})
		if err != nil {
			return r, err
		}
		problems = append(problems, more...)
		problems, r.Excused = newExcuses(in.zones.Prefix, zones).apply(sorted(problems), whole)
	}
	r.Problems = sorted(cfg.Check.apply(problems))
	return r, nil
}

func sorted(problems []zone.Problem) []zone.Problem {
	slices.SortStableFunc(problems, zone.Problem.ComparePlace)
	return slices.Compact(problems)
}

// checkRules gives what modules make of the inventory, the file of each module by its name, and the policy.
func checkRules(cfg Config, in checkedFolders) (byOwner, map[string]string, *policy.Policy, []zone.Problem) {
	problems := slices.Clone(in.rules.faults)
	rs, more := ruleset.Load(in.rules.Files, ruleset.Options{Prefix: in.rules.Prefix, Vars: cfg.Rules.Vars, DefaultTTL: cfg.Rules.TTL,
		Go: cfg.Rules.Go, Processes: in.programs})
	for _, p := range more {
		if p.Check != "kinds-missing" || !in.rules.missing(ruleset.KindsFile) {
			problems = append(problems, p)
		}
	}
	modules := map[string]string{}
	for path, f := range rs.Files {
		if f.Module != nil {
			modules[f.Module.Name] = in.rules.Prefix + path
		}
	}
	for _, m := range rs.Modules() {
		problems = append(problems, m.RunTests()...)
	}
	contributions, more := evaluate(rs, in.inventory)
	return contributions, modules, rs.Policy, append(problems, more...)
}

// checkZones reads the zone files. A zone of which a file could not be read is broken: half of it is not judged.
func checkZones(cfg Config, in checkedFolders) (zonefile.Zones, []zone.Problem) {
	zones, problems := zonefile.Parse(in.zones.Files, zonefile.Options{Prefix: in.zones.Prefix, DefaultTTL: cfg.Presenter.TTL, DefaultSOA: cfg.Presenter.SOA,
		Target: cfg.Presenter.OctoDNSTarget, Now: in.now, ExpiresWithin: cfg.Check.ExpiresWithin})
	for _, p := range in.zones.faults {
		path := strings.TrimPrefix(p.File, in.zones.Prefix)
		apex, err := zonefile.ZoneOf(path)
		if err != nil {
			continue
		}
		b := zonefile.Broken{Apex: apex, Files: []string{path}, Problems: []zone.Problem{p}}
		if i := slices.IndexFunc(zones.Zones, func(z zonefile.Zone) bool { return z.Apex == apex }); i >= 0 {
			b.Exceptions = zones.Zones[i].Exceptions
			zones.Zones = slices.Delete(zones.Zones, i, i+1)
		}
		zones.Broken = append(zones.Broken, b)
	}
	return zones, append(problems, in.zones.faults...)
}
