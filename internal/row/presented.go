package row

import (
	"encoding/binary"

	"zonecast/internal/zone"
)

// Origin says where a claim comes from (P7).
type Origin struct {
	// Generated records: the source, module and entity ("kind/id"); Reason is a number of a numbered role, or that a pool keeps it.
	Source string `json:"source,omitempty"`
	Module string `json:"module,omitempty"`
	Entity string `json:"entity,omitempty"`
	// Human records: the file, the commit of the load that last changed the record, and the override.
	File    string `json:"file,omitempty"`
	Commit  string `json:"commit,omitempty"`
	Mode    string `json:"mode,omitempty"` // replace, merge, mask or "" (none given)
	Scope   string `json:"scope,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Expires int64  `json:"expires,omitempty"` // Unix seconds; 0 is never
	Author  string `json:"author,omitempty"`  // who brought that load, an e-mail address as git has it; "" where it is not known
}

// Human tells whether a person wrote it.
func (o Origin) Human() bool { return o.File != "" }

// Claim is one RRset that somebody wants at a name.
type Claim struct {
	Set    zone.RRset `json:"set"`
	Origin Origin     `json:"origin"`
	// Why says what became of a shadowed claim: "override", "mask", "conflict", "cname", "dname", "zone-cut",
	// "priority"…; "" for a served one.
	Why string `json:"why,omitempty"`
}

// Presented is a row of table presented: what is to be served at one owner name (the key), and why.
type Presented struct {
	Zone     zone.Name    `json:"zone"`               // apex of the zone the name belongs to
	Sets     []zone.RRset `json:"sets"`               // normalized, sorted by type; empty when everything is masked or shadowed
	Claims   []Claim      `json:"claims"`             // the claims that made Sets, in order of precedence
	Shadowed []Claim      `json:"shadowed,omitempty"` // the claims that are not served
}

// ZoneKey is the key of a zone's facts in the tables presented and published. "@" never begins an owner name
// in presentation form, so such keys sort apart from names.
func ZoneKey(apex zone.Name) string { return "@zone/" + apex.String() }

// ZoneOf gives the apex if key was made by ZoneKey.
func ZoneOf(key string) (zone.Name, bool) {
	const prefix = "@zone/"
	if len(key) <= len(prefix) || key[:len(prefix)] != prefix {
		return "", false
	}
	n, err := zone.ParseName(key[len(prefix):])
	return n, err == nil
}

// ZoneFacts is what is known of a zone besides its records. Its SOA and NS are RRsets at the apex like others.
type ZoneFacts struct {
	SerialLiteral bool `json:"serial_literal,omitempty"` // serial: literal; else the proxy fills in the release
	Timestamp     bool `json:"timestamp,omitempty"`      // timestamp: on, the proxy answers _timestamp.<apex>
}

func appendOrigin(b []byte, o Origin) []byte {
	for _, s := range []string{o.Source, o.Module, o.Entity, o.File, o.Commit, o.Mode, o.Scope, o.Reason} {
		b = appendString(b, s)
	}
	return binary.AppendUvarint(b, uint64(o.Expires))
}

func (r *reader) origin() Origin {
	return Origin{Source: r.string(), Module: r.string(), Entity: r.string(), File: r.string(), Commit: r.string(),
		Mode: r.string(), Scope: r.string(), Reason: r.string(), Expires: r.int()}
}

func appendClaims(b []byte, claims []Claim) []byte {
	b = binary.AppendUvarint(b, uint64(len(claims)))
	for _, c := range claims {
		b = appendSet(b, c.Set)
		b = appendOrigin(b, c.Origin)
		b = appendString(b, c.Why)
	}
	return b
}

func (r *reader) claims() []Claim {
	n := r.count()
	if n == 0 {
		return nil
	}
	claims := make([]Claim, n)
	for i := range claims {
		claims[i] = Claim{Set: r.set(), Origin: r.origin(), Why: r.string()}
	}
	return claims
}

// Encode makes the row's value.
func (p Presented) Encode() []byte {
	b := appendString([]byte{format}, string(p.Zone))
	b = appendSets(b, p.Sets)
	b = appendClaims(b, p.Claims)
	b = appendClaims(b, p.Shadowed)
	return appendAuthors(b, func(yield func(string) bool) {
		for _, list := range [][]Claim{p.Claims, p.Shadowed} {
			for _, c := range list {
				if !yield(c.Origin.Author) {
					return
				}
			}
		}
	})
}

// DecodePresented reads what Encode made.
func DecodePresented(b []byte) (Presented, error) {
	r := open(b)
	p := Presented{Zone: r.name(), Sets: r.sets(), Claims: r.claims(), Shadowed: r.claims()}
	r.authors(len(p.Claims)+len(p.Shadowed), func(i int, author string) {
		if i < len(p.Claims) {
			p.Claims[i].Origin.Author = author
		} else {
			p.Shadowed[i-len(p.Claims)].Origin.Author = author
		}
	})
	return p, r.end()
}

// DecodePresentedSets reads the zone and the sets alone, for who needs no provenance.
func DecodePresentedSets(b []byte) (zone.Name, []zone.RRset, error) {
	r := open(b)
	apex, sets := r.name(), r.sets()
	return apex, sets, r.err
}

// Published is a row of table published: what the newest release serves at one owner name, and since when.
type Published struct {
	Since uint64       `json:"since"` // version of the release that last changed the name
	Zone  zone.Name    `json:"zone"`
	Sets  []zone.RRset `json:"sets"`
}

// Encode makes the row's value.
func (p Published) Encode() []byte {
	b := binary.AppendUvarint([]byte{format}, p.Since)
	b = appendString(b, string(p.Zone))
	return appendSets(b, p.Sets)
}

// DecodePublished reads what Encode made.
func DecodePublished(b []byte) (Published, error) {
	r := open(b)
	p := Published{Since: r.uint(), Zone: r.name(), Sets: r.sets()}
	return p, r.end()
}
