package presenter

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// refusal is an error with the HTTP status that says whose fault it is.
type refusal struct {
	status int
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }

// Unwrap gives the cause.
func (r *refusal) Unwrap() error { return r.err }

// push takes a set of zone files, from PUT /v1/zones or the watched folder. objection, if any, is why it must wait
// though it comes after what is loaded.
func (t *term) push(p checkout.Push, by string, o *objection) (a load.Answer, err error) {
	current, ok, err := load.Loaded(t.zones)
	if err != nil {
		return a, err
	}
	if p.Plan == nil && t.cfg.RequirePlan {
		if n := len(changedFiles(t.files, p.Files)); n > 0 {
			o = &objection{check: checkPlanMissing, cause: fmt.Sprintf("the configuration wants an approved plan (require_plan), and commit %.12s of %s came without", p.Commit, manyOf(n, "file"))}
		}
	}
	switch a.Status, err = load.Decide(p, current, ok); {
	case errors.Is(err, load.ErrConflict):
		return a, &refusal{http.StatusConflict, err}
	case err != nil:
		return a, err
	case a.Status == load.StatusUnchanged:
		t.dropPush()
		return a, nil
	case a.Status == load.StatusHeld:
		a.HeldID = t.holdPush(p, objection{check: "not-descending", cause: fmt.Sprintf("commit %.12s does not descend from the loaded %.12s", p.Commit, current.Commit)})
		return a, nil
	case o != nil:
		a.Status, a.HeldID, a.Problems = load.StatusHeld, t.holdPush(p, *o), o.problems
		return a, nil
	}
	a.Problems, a.HeldID = t.load(p.Set, by)
	t.metrics.loads.WithLabelValues(result(a, err)).Inc()
	return a, err
}

func result(a load.Answer, err error) string {
	switch {
	case err != nil:
		return "failed"
	case a.HeldID != "":
		return "partly"
	}
	return a.Status
}

// holdPush keeps a push until somebody releases it or a newer one comes.
func (t *term) holdPush(p checkout.Push, o objection) (id string) {
	h := row.Held{Unit: unitPush, Subject: "zones", Check: o.check, CanFree: true, Cause: o.cause, Problems: o.problems,
		Effect: "the loaded zones stay; a release loads the pushed ones instead"}
	fingerprint := p.Commit
	if o.check != "not-descending" {
		fingerprint += "\x00" + o.check + "\x00" + o.cause
	}
	id = row.HeldID(owner, h.Unit, h.Subject, fingerprint)
	if _, held := t.held.Get(id); held {
		return id
	}
	t.dropPush()
	p.Plan = nil // a release loads it whatever was approved
	load.PutPending(t.tx.zones, p)
	t.metrics.loads.WithLabelValues(load.StatusHeld).Inc()
	t.log.Warn("push held", "id", id, "cause", h.Cause)
	return t.hold(h, fingerprint)
}

func (t *term) dropPush() {
	for id := range t.heldBy(unitPush) {
		load.DropPending(t.tx.zones)
		t.tx.held.Delete(id)
	}
}

// load makes a set of files the loaded ones, zone by zone: what is good is in force, what is broken, vanished or
// emptied keeps its last good state and is held.
func (t *term) load(set checkout.Set, by string) ([]zone.Problem, string) {
	l := t.loading(set)
	l.stale = t.heldBy(unitFile, unitZone)
	delta := load.Diff(t.files, set.Files)
	files := l.begin(delta.Changed, delta.Gone)
	for apex := range l.old {
		delete(t.asRead, apex) // until it is applied
	}
	l.readOld(maps.All(t.human))
	zones, problems := zonefile.Parse(files, t.cfg.options(set.Prefix, t.at))
	l.decide(zones, problems, files)
	for id, h := range l.stale {
		t.tx.held.Delete(id)
		t.dropWanted(h)
	}
	t.dropPush()
	load.PutLoaded(t.tx.zones, row.Load{Commit: set.Commit, Prefix: set.Prefix, Head: set.Head, At: t.at.Unix(), By: by, Author: set.Author})
	t.noteLoaded(set.Commit)
	t.supersedeGlass()
	t.edits++
	t.log.Info("zones loaded", "commit", set.Commit, "by", by, "zones", len(t.world.zones), "problems", len(l.problems), "held", len(l.held))
	return l.problems, strings.Join(l.held[:min(1, len(l.held))], "")
}

// loading is one load under way, or the plan of one.
type loading struct {
	ledger
	cfg      Config
	log      *slog.Logger
	at       time.Time
	set      checkout.Set
	infos    map[string]row.FileInfo                    // of the loaded files; kept up to date
	links    map[string]bool                            // those of them that say which zones files are part of
	old      map[zone.Name]map[string][]row.HumanRecord // zones whose files changed: owner name -> records loaded now
	stale    map[string]row.Held                        // held items of loads before that this one does not repeat
	layout   *zonefile.Layout                           // of the set
	unread   map[string]bool                            // files of the zones that are broken
	problems []zone.Problem
	held     []string
}

// begin notes which zones' files changed, and gives those of the set that must be read, with what they include.
func (l *loading) begin(changed []checkout.File, gone []string) (files []checkout.File) {
	l.layout = zonefile.LayoutOf(l.set.Files)
	for _, path := range gone {
		l.touch(path)
	}
	for _, f := range changed {
		l.touch(f.Path)
	}
	for _, f := range l.set.Files { // a file that nothing includes any more has become a zone's
		if apex, err := zonefile.ZoneOf(f.Path); err == nil && l.layout.Own(f.Path) && !l.loaded(apex) {
			l.touch(f.Path)
		}
	}
	for _, f := range l.set.Files {
		apexes, err := l.layout.Zones(f.Path)
		if err != nil || slices.ContainsFunc(apexes, func(apex zone.Name) bool { return l.old[apex] != nil }) {
			files = append(files, f)
		}
	}
	return files
}

// decide puts in force what was read, or holds it.
func (l *loading) decide(zones zonefile.Zones, problems []zone.Problem, files []checkout.File) {
	l.problems = problems
	l.unread = make(map[string]bool)
	for _, b := range zones.Broken {
		for _, path := range b.Files {
			l.unread[path] = true
		}
	}
	for _, z := range zones.Zones {
		l.good(z)
	}
	for _, b := range zones.Broken {
		l.broken(b)
	}
	l.vanished(files)
	l.forget()
	slices.SortFunc(l.problems, zone.Problem.ComparePlace)
}

// touch notes the zones that a file is part of, and the one that it would be by its name: it may have been that until now.
func (l *loading) touch(path string) {
	apexes, _ := l.layout.Zones(path)
	if apex, err := zonefile.ZoneOf(path); err == nil {
		apexes = append(slices.Clone(apexes), apex)
	}
	for _, apex := range apexes {
		if l.old[apex] == nil && apex != "" {
			l.old[apex] = map[string][]row.HumanRecord{}
		}
	}
}

// forget drops the texts of files that were included and are gone. While something is held they may be needed to read its last good state again.
func (l *loading) forget() {
	if len(l.held) > 0 {
		return
	}
	present := make(map[string]bool, len(l.set.Files))
	for _, f := range l.set.Files {
		present[f.Path] = true
	}
	for path := range l.infos {
		if apex, err := zonefile.ZoneOf(path); !present[path] && (err != nil || !l.loaded(apex)) {
			l.deleteFile(path)
		}
	}
}

// readOld collects the loaded records of the zones that changed.
func (l *loading) readOld(human iter.Seq2[string, []byte]) {
	for key, value := range human {
		list, err := row.DecodeHuman(value)
		if err != nil {
			continue // resolve tells of it
		}
		for _, h := range list {
			if records := l.old[h.Zone]; records != nil {
				records[key] = append(records[key], h)
			}
		}
	}
}

// loaded tells whether a zone is in force.
func (l *loading) loaded(apex zone.Name) bool { _, ok := l.facts(apex); return ok }

// good puts a zone without errors in force, unless it would lose what nobody said should go (P2).
func (l *loading) good(z zonefile.Zone) {
	files := l.filesOf(z.Apex)
	switch gone := l.gone(z); {
	case z.Written == 0 && l.written(z.Apex) > 0:
		l.keepBack(z.Apex, "zone-emptied", z.Files[0], fmt.Sprintf("the zone has lost all of its records: %d", l.written(z.Apex)), files)
	case gone != "":
		l.keepBack(z.Apex, "zone-file-gone", gone, "the file vanished, and with it records of the zone", files)
	default:
		l.apply(z, files, func(string) (string, string) { return l.set.Commit, l.set.Author })
	}
}

// broken keeps a zone with errors as it was.
func (l *loading) broken(b zonefile.Broken) {
	if b.Empty && l.loaded(b.Apex) {
		l.keepBack(b.Apex, "zone-emptied", b.Files[0], "the file has become empty", nil)
		return
	}
	first := b.Problems[slices.IndexFunc(b.Problems, func(p zone.Problem) bool { return p.Severity == zone.Error })]
	effect := "it is not served until the file is mended"
	if l.loaded(b.Apex) {
		effect = "the zone stays as it was loaded before until the file is mended"
	}
	var data []byte
	for _, f := range l.set.Files {
		if slices.Contains(b.Files, f.Path) {
			data = append(data, f.Data...)
		}
	}
	id := l.hold(row.Held{Unit: unitFile, Subject: b.Files[0], Check: first.Check, Cause: first.Error(), Effect: effect,
		Problems: b.Problems[:min(len(b.Problems), 50)]}, load.Hash(data))
	delete(l.stale, id)
	l.held = append(l.held, id)
	l.log.Warn("zone file held", "id", id, "cause", first.Error())
}

// vanished holds the zones that have no file any more.
func (l *loading) vanished(files []checkout.File) {
	for apex := range l.old {
		has := slices.ContainsFunc(files, func(f checkout.File) bool {
			z, err := zonefile.ZoneOf(f.Path)
			return err == nil && z == apex && l.layout.Own(f.Path)
		})
		if has || !l.loaded(apex) {
			continue
		}
		l.keepBack(apex, "zone-gone", l.loadedFiles(apex)[0], "the zone's file vanished", nil)
	}
}

// written counts the loaded records that stand in files: all but a SOA.
func (l *loading) written(apex zone.Name) (n int) {
	for _, records := range l.old[apex] {
		for _, h := range records {
			if h.Set.Type != zone.TypeSOA {
				n++
			}
		}
	}
	return n
}

// gone gives a vanished file of the zone whose records do not all stand in another. An included file is not one: who takes it away takes the include out
// as well, or the zone cannot be read.
func (l *loading) gone(z zonefile.Zone) string {
	type key struct {
		owner string
		t     zone.Type
	}
	now := make(map[key]bool, len(z.Records))
	for _, r := range z.Records {
		now[key{r.Owner.String(), r.Human.Set.Type}] = true
	}
	for owner, records := range l.old[z.Apex] {
		for _, h := range records {
			if apex, err := zonefile.ZoneOf(h.File); err == nil && apex == z.Apex && !slices.Contains(z.Files, h.File) && !now[key{owner, h.Set.Type}] {
				return h.File
			}
		}
	}
	return ""
}

func (l *loading) filesOf(apex zone.Name) (files []checkout.File) {
	for _, f := range l.set.Files {
		if apexes, err := l.layout.Zones(f.Path); err == nil && slices.Contains(apexes, apex) {
			files = append(files, f)
		}
	}
	return files
}

// loadedFiles gives the paths of a zone's loaded files, sorted; the zone's name when there is none.
func (l *loading) loadedFiles(apex zone.Name) (paths []string) {
	for path := range l.infos {
		if z, err := zonefile.ZoneOf(path); err == nil && z == apex {
			paths = append(paths, path)
		}
	}
	if paths == nil {
		return []string{apex.String()}
	}
	slices.Sort(paths)
	return paths
}

// apply puts a zone in force. A record that is as it was keeps the commit that last changed it, and its author (P7).
func (l *loading) apply(z zonefile.Zone, files []checkout.File, from func(path string) (commit, author string)) {
	fresh := make(map[string][]row.HumanRecord)
	for _, r := range z.Records {
		fresh[r.Owner.String()] = append(fresh[r.Owner.String()], r.Human)
	}
	old := l.old[z.Apex]
	for key, records := range fresh {
		for i := range records {
			h := &records[i]
			h.Commit, h.Author = from(h.File)
			for _, was := range old[key] {
				if same(was, *h) {
					h.Commit, h.Author = was.Commit, was.Author
				}
			}
		}
	}
	for key := range old {
		if fresh[key] == nil {
			fresh[key] = []row.HumanRecord{}
		}
	}
	for key, records := range fresh {
		l.putHuman(key, z.Apex, records)
	}
	asRead := true
	for _, f := range files {
		if l.unread[f.Path] {
			asRead = false
			continue // a broken zone includes it too, and is to be read again until it is mended
		}
		if info, had := l.infos[f.Path]; !had || info.SHA256 != load.Hash(f.Data) {
			commit, author := from(f.Path)
			l.infos[f.Path] = load.PutFile(l.rows(), f, commit, author)
			if delete(l.links, f.Path); zonefile.Links(f.Data) {
				l.links[f.Path] = true
			}
		}
	}
	for path := range l.infos {
		if apex, err := zonefile.ZoneOf(path); err == nil && apex == z.Apex && !slices.Contains(z.Files, path) {
			l.deleteFile(path)
		}
	}
	l.putZone(z.Apex, row.HumanZone{Files: z.Files, Facts: z.Facts}, asRead)
}

func (l *loading) deleteFile(path string) {
	load.DeleteFile(l.rows(), path, l.infos[path])
	delete(l.infos, path)
	delete(l.links, path)
}

// same compares two records but for their commits.
func same(a, b row.HumanRecord) bool {
	return a.Zone == b.Zone && a.File == b.File && a.Mode == b.Mode && a.Scope == b.Scope && a.Reason == b.Reason && a.Expires == b.Expires && a.Set.Equal(b.Set)
}

// putHuman makes records those of one zone at a name, beside those of other zones.
func (l *loading) putHuman(key string, apex zone.Name, records []row.HumanRecord) {
	was := l.records(key)
	list, _ := row.DecodeHuman(was)
	list = slices.DeleteFunc(list, func(h row.HumanRecord) bool { return h.Zone == apex })
	list = append(list, records...)
	sortHuman(list)
	var value []byte
	if len(list) > 0 {
		value = row.EncodeHuman(list)
	}
	if string(value) != string(was) {
		l.putRecords(key, value)
	}
}

func sortHuman(list []row.HumanRecord) {
	slices.SortFunc(list, func(a, b row.HumanRecord) int {
		return cmp.Or(cmp.Compare(a.Set.Type, b.Set.Type), cmp.Compare(a.File, b.File))
	})
}

// remove takes a zone out of force.
func (l *loading) remove(apex zone.Name) {
	for key := range l.old[apex] {
		l.putHuman(key, apex, nil)
	}
	for path := range l.infos {
		if z, err := zonefile.ZoneOf(path); err == nil && z == apex {
			l.deleteFile(path)
		}
	}
	l.dropZone(apex)
}
