package plan

import (
	"maps"
	"slices"

	"zonecast/internal/zone"
)

// Parts is what a plan is put together from.
type Parts struct {
	Against      Against
	Zones, Rules *Files
	Others       map[string]string
	Changes      []Change
	Facts        []ZoneChange   // zones that appear, go or change their settings
	Names        map[string]int // names with records as served now, by apex; a zone that is not there has none
	Prefix       string         // of the folder of zone files in its repository: causes name files with it
	Stopped      []Stop
	Problems     []zone.Problem
}

// Compose puts a plan together: changes in order, files named as in the repository, a summary of each zone. It is not
// sealed yet: what gates and policies say is added first.
func Compose(parts Parts) *Plan {
	p := &Plan{Format: Format, Against: parts.Against, Zones: parts.Zones, Rules: parts.Rules, Others: parts.Others,
		Changes: parts.Changes, Summaries: []Summary{}, Stopped: parts.Stopped, Problems: parts.Problems}
	if p.Changes == nil {
		p.Changes = []Change{}
	}
	if !slices.IsSortedFunc(p.Changes, inOrder) {
		slices.SortFunc(p.Changes, inOrder)
	}
	at := map[zone.Name]int{}
	summary := func(apex zone.Name) *Summary {
		i, ok := at[apex]
		if !ok {
			i = len(p.Summaries)
			at[apex] = i
			p.Summaries = append(p.Summaries, Summary{Zone: apex, Names: parts.Names[apex.String()]})
		}
		return &p.Summaries[i]
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		c.place(parts.Prefix)
		switch s := summary(c.Zone); c.Kind {
		case Created:
			s.Created++
		case Deleted:
			s.Deleted++
		case Touched:
			s.Touched++
		default:
			s.Changed++
		}
	}
	for _, f := range parts.Facts {
		s := summary(f.Zone)
		s.New, s.Gone = f.Before == nil, f.After == nil
		s.Facts = !s.New && !s.Gone
	}
	slices.SortFunc(p.Summaries, func(a, b Summary) int { return a.Zone.Compare(b.Zone) })
	return p
}

func inOrder(a, b Change) int {
	if d := a.Zone.Compare(b.Zone); d != 0 {
		return d
	}
	return a.Name.Compare(b.Name)
}

// place names the files of causes as in the repository. What stands in no file ("@override/…") keeps its name.
func (c *Change) place(prefix string) {
	for i := range c.Sets {
		s := &c.Sets[i]
		for _, causes := range [][]Cause{s.Causes, s.Was, s.Shadows, s.Unshadows} {
			for j := range causes {
				if file := &causes[j].File; *file != "" && (*file)[0] != '@' {
					*file = prefix + *file
				}
			}
		}
	}
}

// Differ says how a folder differs from what is loaded, from the hashes of both; and which paths have texts that are
// not loaded yet.
func Differ(loaded, folder map[string]string) (after map[string]string) {
	after = map[string]string{}
	for path, hash := range folder {
		if loaded[path] != hash {
			after[path] = hash
		}
	}
	for path := range loaded {
		if _, still := folder[path]; !still {
			after[path] = ""
		}
	}
	return after
}

// Fingerprint is of files, by their hashes; "" of none.
func Fingerprint(files map[string]string) string {
	if len(files) == 0 {
		return ""
	}
	var parts [][]byte
	for _, path := range slices.Sorted(maps.Keys(files)) {
		parts = append(parts, []byte(path), []byte(files[path]))
	}
	return digestOf(parts)
}

// Planned tells whether a folder is part of the plan: its files, and not only what is loaded.
func (f *Files) Planned() bool { return f != nil && (len(f.After) > 0 || f.Commit != f.Loaded) }

// Empty tells whether nothing would change, neither what is served nor who gives it.
func (p *Plan) Empty() bool {
	return len(p.Changes) == 0 && !slices.ContainsFunc(p.Summaries, func(s Summary) bool { return s.New || s.Gone || s.Facts })
}
