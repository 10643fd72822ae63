package presenter

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// What a held zone is to become is kept beside the loaded files, in rows of the same shape under this prefix.
const prefixWanted = "want/"

// wanted is the Detail of a zone that is held until somebody releases it.
type wanted struct {
	Apex   zone.Name               `json:"apex"`
	Commit string                  `json:"commit"`
	Author string                  `json:"author,omitempty"`
	Files  map[string]row.FileInfo `json:"files"` // none: the zone is to go
}

// beside reads and writes rows under prefixWanted.
type beside struct{ tx load.Tx }

func (b beside) Get(key string) ([]byte, bool) { return b.tx.Get(prefixWanted + key) }
func (b beside) Put(key string, value []byte)  { b.tx.Put(prefixWanted+key, value) }
func (b beside) Delete(key string)             { b.tx.Delete(prefixWanted + key) }

// keepBack holds a zone that would lose what it has, with the files it would have.
func (l *loading) keepBack(apex zone.Name, check, path, cause string, files []checkout.File) {
	w := wanted{Apex: apex, Commit: l.set.Commit, Author: l.set.Author, Files: map[string]row.FileInfo{}}
	fingerprint := check
	for _, f := range files {
		fingerprint += "\x00" + f.Path + "\x00" + load.Hash(f.Data)
	}
	effect := "the zone stays as it was loaded before; a release takes the zone away, and what rules still make in it is held then (outside-zones)"
	if len(files) > 0 {
		effect = "the zone stays as it was loaded before; a release loads it as its files are now"
	}
	unit := unitFile
	if check == "zone-gone" {
		unit = unitZone
	}
	subject := apex.String()
	id := row.HeldID(owner, unit, subject, fingerprint)
	if _, again := l.stale[id]; !again {
		for _, f := range files {
			w.Files[f.Path] = load.PutFile(beside{l.rows()}, f, l.set.Commit, l.set.Author)
		}
		h := row.Held{Unit: unit, Subject: subject, Check: check, Cause: l.set.Prefix + path + ": " + cause, CanFree: true, Detail: encode(w)}
		h.Effect = fmt.Sprintf("%s; people's records at %s would go", effect, manyOf(l.wouldLose(&h, apex, files), "name"))
		l.hold(h, fingerprint)
		l.log.Warn("zone held", "id", id, "zone", apex, "file", l.set.Prefix+path, "cause", cause)
	}
	delete(l.stale, id)
	l.held = append(l.held, id)
	l.problems = append(l.problems, zone.Problem{Check: check, Severity: zone.Error, File: l.set.Prefix + path, Name: subject,
		Text: cause + ": the zone is held as it was", Fix: "bring the file back, or run: zonecast held release " + id})
}

// wouldLose lists the names of a zone at which files leave none of people's records, and counts them.
func (l *loading) wouldLose(h *row.Held, apex zone.Name, files []checkout.File) int {
	keep := map[string]bool{apex.String(): len(files) > 0} // its SOA stands there
	zones, _ := zonefile.Parse(files, l.cfg.options("", l.at))
	for _, z := range zones.Zones {
		for _, r := range z.Records {
			keep[r.Owner.String()] = true
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(l.old[apex])) {
		if !keep[owner] {
			h.Name("deleted", owner)
		}
	}
	return len(h.Would) + h.More
}

// dropWanted forgets the files of a held zone that is held no more.
func (t *term) dropWanted(h row.Held) {
	var w wanted
	if json.Unmarshal(h.Detail, &w) != nil {
		return // a broken file has none
	}
	for path, info := range w.Files {
		load.DeleteFile(beside{t.tx.zones}, path, info)
	}
}

var (
	errUnknown = &refusal{http.StatusNotFound, errors.New("no such held item")}
	errMend    = &refusal{http.StatusConflict, errors.New("it cannot be released: mend what it says")}
)

// release lets a held thing go.
func (t *term) release(id string) (h row.Held, err error) {
	value, ok := t.held.Get(id)
	if !ok {
		return h, errUnknown
	}
	if err := json.Unmarshal(value, &h); err != nil {
		return h, fmt.Errorf("held %s: %w", id, err)
	}
	switch {
	case !h.CanFree:
		return h, errMend
	case h.Unit == unitSource:
		return h, t.freeSource(h)
	case h.Unit == unitPush:
		p, ok, err := load.Pending(t.zones)
		if err != nil || !ok {
			return h, errors.Join(errors.New("the held push is damaged: push again"), err)
		}
		t.load(p.Set, "push")
		return h, nil
	}
	return h, t.releaseZone(h)
}

func (t *term) releaseZone(h row.Held) error {
	var w wanted
	if err := json.Unmarshal(h.Detail, &w); err != nil {
		return fmt.Errorf("held %s: %w", h.ID, err)
	}
	files, err := load.Files(beside{t.tx.zones}, w.Files)
	if err != nil {
		return err
	}
	clear(t.asRead) // others may include its files
	l := t.loading(checkout.Set{})
	l.old[w.Apex] = map[string][]row.HumanRecord{}
	l.readOld(maps.All(t.human))
	if len(files) == 0 {
		l.remove(w.Apex)
	} else {
		zones, problems := zonefile.Parse(files, t.cfg.options("", t.at))
		if len(zones.Zones) != 1 {
			return &refusal{http.StatusConflict, fmt.Errorf("its files are no longer valid: %w", problems[0])}
		}
		l.apply(zones.Zones[0], files, func(string) (string, string) { return w.Commit, w.Author })
	}
	t.tx.held.Delete(h.ID)
	t.dropWanted(h)
	return nil
}

// reread makes the rows of all loaded zones anew from their files: the configuration's defaults may have changed, or
// this program reads them otherwise than the one before.
func (t *term) reread() error {
	files, err := load.Files(t.zones, t.files)
	if err != nil {
		return err
	}
	for _, f := range files {
		if zonefile.Links(f.Data) {
			t.links[f.Path] = true
		}
	}
	zones, _ := zonefile.Parse(files, t.cfg.options("", t.at))
	l := t.loading(checkout.Set{})
	for _, z := range zones.Zones {
		l.old[z.Apex] = map[string][]row.HumanRecord{}
	}
	l.readOld(maps.All(t.human))
	for _, z := range zones.Zones {
		l.apply(z, nil, func(path string) (string, string) { return t.files[path].Commit, t.files[path].Author })
	}
	for _, b := range zones.Broken {
		t.log.Warn("loaded zone files cannot be read any more: their records stay", "zone", b.Apex, "problem", b.Problems[0].Error())
	}
	t.repairFacts()
	return nil
}

// manyOf is "1 name" or "2 names".
func manyOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
