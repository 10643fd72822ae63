package merge

import (
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// Source is what one rules service gives at the name.
type Source struct {
	Name          string
	Contributions []row.Contribution // sorted by module and entity, as in table generated
	Absent        bool               // its table cannot be read now: what it gave last stays (P2)
}

// Place says how the name stands in the zones.
type Place struct {
	Zone   zone.Name                   // apex of the longest zone that it belongs to; "" outside every zone
	Above  zone.Name                   // of an apex: the zone that its parent name belongs to, which has the DS; "" for none
	Cut    zone.Name                   // a delegation above it; "" for none
	DNAME  zone.Name                   // a DNAME above it; "" for none
	Glue   bool                        // a delegation's NS points here
	ZoneOf func(n zone.Name) zone.Name // apex of the longest zone that n belongs to, or ""
}

// Input of Merge.
type Input struct {
	Owner   zone.Name
	Place   Place
	Human   []row.HumanRecord
	Sources []Source                     // the highest priority first
	Last    func() (row.Presented, bool) // what was presented last; asked only when something is to stay
	Now     int64                        // Unix seconds
}

// Result of Merge.
type Result struct {
	Row      row.Presented
	Present  bool // whether there is anything to say about the name at all
	Conflict *row.Conflict
	Faults   []Fault
	Cut      []zone.Rdata // NS of a delegation at this name, nil without
	DNAME    bool         // whether a DNAME is served here
}

// Fault is an RRset that is wrong in itself and therefore held.
type Fault struct {
	Check  string // stable code
	Type   zone.Type
	Origin row.Origin // of the first claim at fault
	Text   string     // one line
}

// The reasons why a claim is shadowed (row.Claim.Why).
const (
	WhyExpired   = "expired"    // a human record after its time
	WhyMask      = "mask"       // a person masks it
	WhyOverride  = "override"   // a person replaced it
	WhyConflict  = "conflict"   // a person wrote another, without saying what is to become of it
	WhyPriority  = "priority"   // a source of higher priority has it
	WhyCNAME     = "cname"      // cannot stand beside a CNAME, or is the CNAME that cannot
	WhyDNAME     = "dname"      // below a DNAME
	WhyCut       = "zone-cut"   // at or below a delegation, and not glue
	WhyApex      = "apex"       // not possible at a zone's apex, or only there
	WhyChildZone = "child-zone" // the name belongs to a zone further down
	WhyTooLarge  = "too-large"  // with it the RRset would be too large
)

// Ranks above those of the sources: what a person set by hand at night stands above what files say.
const (
	rankGlass = -1
	rankHuman = 0
)

// claim is a row.Claim on its way.
type claim struct {
	row.Claim
	rank   int // rankGlass, rankHuman, then the sources in order of priority
	shared bool
}

func (c *claim) lost() bool { return c.Why != "" }

// Merge decides what is served at one name.
func Merge(in Input) Result {
	m := merger{Input: in}
	for i, s := range in.Sources {
		m.source(i+1, s)
	}
	if in.Place.Zone == "" {
		return Result{Faults: m.faults}
	}
	m.human()
	m.structure()
	m.priority()
	m.exclusive()
	m.atCut()
	return m.result()
}

type merger struct {
	Input
	claims []claim
	masks  []row.Claim // overrides in force that serve nothing
	faults []Fault
	last   *row.Presented
}

// shadow gives every claim that matches a reason, unless it has one.
func (m *merger) shadow(why string, match func(c *claim) bool) {
	for i := range m.claims {
		if c := &m.claims[i]; !c.lost() && match(c) {
			c.Why = why
		}
	}
}

func (m *merger) standing(match func(c *claim) bool) bool {
	return slices.ContainsFunc(m.claims, func(c claim) bool { return !c.lost() && match(&c) })
}

// human lets the records of people act on the generated claims, and those that were set by hand on both.
func (m *merger) human() {
	for _, rank := range []int{rankHuman, rankGlass} {
		for _, h := range m.Human {
			if h.Glass() == (rank == rankGlass) {
				m.humanRecord(h, rank)
			}
		}
	}
}

func (m *merger) humanRecord(h row.HumanRecord, rank int) {
	c := claim{Claim: row.Claim{Set: h.Set, Origin: row.Origin{File: h.File, Commit: h.Commit, Mode: h.Mode, Scope: h.Scope,
		Reason: h.Reason, Expires: h.Expires, Author: h.Author}}, rank: rank}
	switch {
	case h.Zone != m.home(h.Set.Type):
		c.Why = WhyChildZone
	case h.Expires != 0 && h.Expires <= m.Now:
		c.Why = WhyExpired
	case h.Mode == zonefile.ModeMask:
		m.override(h, rank, WhyMask)
		m.masks = append(m.masks, c.Claim)
		return
	case h.Mode == zonefile.ModeReplace:
		m.override(h, rank, WhyOverride)
	case h.Mode == "":
		m.shadow(WhyConflict, func(c *claim) bool { return c.rank > rankHuman && c.Set.Type == h.Set.Type })
	}
	m.claims = append(m.claims, c)
}

// home is the zone whose records of a type count here: the DS of a zone stands in the one above (RFC 4035 2.4, 3.1.4.1).
func (m *merger) home(t zone.Type) zone.Name {
	if t == zone.TypeDS && m.Owner == m.Place.Zone {
		return m.Place.Above
	}
	return m.Place.Zone
}

// override gives way to a record: what is generated, and to one set by hand what files say too. In place of a CNAME, which
// stands alone, one set by hand may put anything.
func (m *merger) override(h row.HumanRecord, rank int, why string) {
	all := h.Scope == zonefile.ScopeName || h.Mode == zonefile.ModeReplace && h.Set.Type == zone.TypeCNAME
	all = all && h.Zone == m.Place.Zone // the zone above has a say on the DS alone
	covers := func(t zone.Type) bool {
		return all || t == h.Set.Type || t == zone.TypeCNAME && rank == rankGlass && h.Mode == zonefile.ModeReplace
	}
	m.shadow(why, func(c *claim) bool { return c.rank > rank && covers(c.Set.Type) })
	if rank != rankGlass {
		return
	}
	for i := range m.claims { // no conflict while somebody has decided it
		if c := &m.claims[i]; c.Why == WhyConflict && covers(c.Set.Type) {
			c.Why = why
		}
	}
	m.masks = slices.DeleteFunc(m.masks, func(c row.Claim) bool {
		if c.Origin.Glass() || !all && (!covers(c.Set.Type) || c.Origin.Scope == zonefile.ScopeName) {
			return false
		}
		c.Why = why
		m.claims = append(m.claims, claim{Claim: c, rank: rankHuman})
		return true
	})
}

// structure shadows what the zones leave no room for.
func (m *merger) structure() {
	apex := m.Owner == m.Place.Zone
	m.shadow(WhyApex, func(c *claim) bool {
		switch c.Set.Type {
		case zone.TypeCNAME:
			return apex
		case zone.TypeDS:
			return m.home(zone.TypeDS) == ""
		case zone.TypeSOA:
			return !apex
		}
		return false
	})
	if m.Place.DNAME != "" {
		m.shadow(WhyDNAME, func(*claim) bool { return true })
	}
	if m.Place.Cut != "" {
		m.shadow(WhyCut, func(c *claim) bool { return !address(c.Set.Type) || !m.Place.Glue })
	}
}

func address(t zone.Type) bool { return t == zone.TypeA || t == zone.TypeAAAA }

// priority decides between sources, type by type.
func (m *merger) priority() {
	if len(m.Sources) < 2 {
		return
	}
	type best struct {
		rank   int
		shared bool
	}
	winners := make(map[zone.Type]best)
	for i := range m.claims {
		c := &m.claims[i]
		if c.rank <= rankHuman || c.lost() {
			continue
		}
		w, ok := winners[c.Set.Type]
		switch {
		case !ok:
			winners[c.Set.Type] = best{c.rank, c.shared}
		case c.rank == w.rank:
			winners[c.Set.Type] = best{w.rank, w.shared && c.shared}
		case !w.shared || !c.shared: // claims stand in order of rank
			c.Why = WhyPriority
		}
	}
}

// exclusive leaves a CNAME alone, or takes it away: the higher claim stays. At the same rank the CNAME goes, since
// it would take everything else with it. A DNAME goes beside a delegation.
func (m *merger) exclusive() {
	cname, other := -1, -1
	for i := range m.claims {
		c := &m.claims[i]
		if c.lost() {
			continue
		}
		at := &other
		if c.Set.Type == zone.TypeCNAME {
			at = &cname
		}
		if *at < 0 || c.rank < *at {
			*at = c.rank
		}
	}
	if cname < 0 || other < 0 {
		return
	}
	m.shadow(WhyCNAME, func(c *claim) bool { return (c.Set.Type == zone.TypeCNAME) == (cname >= other) })
}

// atCut leaves only NS, DS and glue at a delegation.
func (m *merger) atCut() {
	if m.Owner == m.Place.Zone || !m.standing(func(c *claim) bool { return c.Set.Type == zone.TypeNS }) {
		return
	}
	glue := m.Place.Glue || m.standing(func(c *claim) bool {
		return c.Set.Type == zone.TypeNS && slices.Contains(c.Set.Data, zone.Rdata(m.Owner))
	})
	m.shadow(WhyCut, func(c *claim) bool {
		t := c.Set.Type
		return t != zone.TypeNS && t != zone.TypeDS && !(address(t) && glue)
	})
}
