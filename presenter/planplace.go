package presenter

import (
	"sync"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// maxLocate bounds the texts that are read again only to say where a record stands in them, in octets: files that the
// change does not touch, but the names do.
const maxLocate = 4 << 20

// places finds where records stand in the texts on one side of a change.
type places struct {
	at    map[recordAt][2]int
	mu    sync.Mutex                                               // of what follows
	files map[string]func(zone.Name, zone.Type) (line, column int) // of files that the change does not touch
	text  func(path string) ([]byte, bool)
	room  int
}

type recordAt struct {
	owner zone.Name
	t     zone.Type
	file  string
}

// placesOf notes where the records at changed names stand. A zone that was not parsed is read on demand.
func (p *planner) placesOf(zones []zonefile.Zone, list []*changed) *places {
	out := &places{at: map[recordAt][2]int{}, files: map[string]func(zone.Name, zone.Type) (int, int){}, room: maxLocate}
	parsed := map[zone.Name]bool{}
	names := make(map[zone.Name]bool, len(list))
	for _, c := range list {
		names[c.name] = true
	}
	for _, z := range zones {
		parsed[z.Apex] = true
		for _, r := range z.Records {
			if names[r.Owner] && r.Line > 0 {
				out.at[recordAt{r.Owner, r.Human.Set.Type, r.Human.File}] = [2]int{r.Line, r.Column}
			}
		}
	}
	out.text = func(path string) ([]byte, bool) {
		info, ok := p.files[path]
		apex, err := zonefile.ZoneOf(path)
		if !ok || err != nil || parsed[apex] || info.Size > out.room || p.layout != nil && !p.layout.Own(path) {
			return nil, false
		}
		out.room -= info.Size
		data, err := p.ground.text(path, info)
		return data, err == nil
	}
	return out
}

func (p *places) find(owner zone.Name, t zone.Type, file string) (line, column int) {
	if at, ok := p.at[recordAt{owner, t, file}]; ok {
		return at[0], at[1]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	locate, ok := p.files[file]
	if !ok {
		if data, has := p.text(file); has {
			locate = zonefile.Locate(file, data)
		}
		p.files[file] = locate
	}
	if locate == nil {
		return 0, 0
	}
	return locate(owner, t)
}

// causes gives claims their places.
func (p *places) causes(owner zone.Name, claims []row.Claim) (list []plan.Cause) {
	for _, c := range claims {
		cause := plan.Cause{Origin: c.Origin, Why: c.Why}
		if c.Origin.Human() {
			cause.Line, cause.Column = p.find(owner, c.Set.Type, c.Origin.File)
		}
		list = append(list, cause)
	}
	return list
}
