package row

import (
	"encoding/binary"

	"zonecast/internal/zone"
)

// Keys of the tables zones and rules.<source>, into which reviewed files are loaded.
const (
	KeyLoad    = "load"    // Load as JSON: what was loaded last
	PrefixFile = "file/"   // + path: FileInfo as JSON; + path + "#" + 4-digit number: a chunk of the file's text
	PrefixName = "name/"   // table zones: + owner name: the human records at it
	PrefixZone = "zone/"   // table zones: + apex: HumanZone as JSON
	KeyHistory = "history" // table zones: the newest LoadedAt, the newest last
)

// LoadedAt says when a commit was loaded.
type LoadedAt struct {
	Commit string `json:"commit"`
	At     int64  `json:"at"` // Unix seconds
}

// Load says what was loaded last into a table.
type Load struct {
	Commit string `json:"commit"`           // git commit, or "sha256:…" of the files outside git
	Prefix string `json:"prefix"`           // where the loaded folder stands in the repository, for display: "zones/"
	Head   string `json:"head,omitempty"`   // git commit that HEAD was at, also of a folder with uncommitted changes
	At     int64  `json:"at"`               // Unix seconds
	By     string `json:"by"`               // "folder" or "push"
	Author string `json:"author,omitempty"` // of the commit, an e-mail address; "" where it is not known
}

// FileInfo describes one loaded file.
type FileInfo struct {
	Commit string `json:"commit"` // of the load that last changed it
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	Chunks int    `json:"chunks"`
	Author string `json:"author,omitempty"` // of that load, an e-mail address; "" where it is not known
}

// HumanRecord is one record of a zone file, at one owner name.
type HumanRecord struct {
	Zone    zone.Name  `json:"zone"`
	File    string     `json:"file"`            // path inside the loaded folder
	Commit  string     `json:"commit"`          // of the load that last changed the record
	Mode    string     `json:"mode,omitempty"`  // "", replace, merge or mask
	Scope   string     `json:"scope,omitempty"` // "", rrset or name
	Reason  string     `json:"reason,omitempty"`
	Expires int64      `json:"expires,omitempty"` // Unix seconds, the first instant it is no more in force; 0 is never
	Set     zone.RRset `json:"set"`               // no data in a mask
	Author  string     `json:"author,omitempty"`  // who brought that load, an e-mail address; "" where it is not known
}

// EncodeHuman makes the value of a name row: records sorted by type, then file.
func EncodeHuman(list []HumanRecord) []byte {
	b := binary.AppendUvarint([]byte{format}, uint64(len(list)))
	for _, h := range list {
		b = appendString(b, string(h.Zone))
		for _, s := range []string{h.File, h.Commit, h.Mode, h.Scope, h.Reason} {
			b = appendString(b, s)
		}
		b = binary.AppendUvarint(b, uint64(h.Expires))
		b = appendSet(b, h.Set)
	}
	return appendAuthors(b, func(yield func(string) bool) {
		for _, h := range list {
			if !yield(h.Author) {
				return
			}
		}
	})
}

// DecodeHuman reads what EncodeHuman made.
func DecodeHuman(b []byte) ([]HumanRecord, error) {
	r := open(b)
	list := make([]HumanRecord, r.count())
	for i := range list {
		list[i] = HumanRecord{Zone: r.name(), File: r.string(), Commit: r.string(), Mode: r.string(), Scope: r.string(),
			Reason: r.string(), Expires: r.int(), Set: r.set()}
	}
	r.authors(len(list), func(i int, author string) { list[i].Author = author })
	return list, r.end()
}

// HumanZone is a zone as its files declare it.
type HumanZone struct {
	Files []string  `json:"files"` // paths inside the loaded folder
	Facts ZoneFacts `json:"facts"`
}
