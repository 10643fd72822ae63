package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"zonecast/internal/zone"
)

// write gives a zone's file.
func (f *family) write(z *genZone) string {
	w := &writer{f: f, z: z}
	serial := 1 + f.r.IntN(1<<20)
	life := ttl(f.r)
	z.lives[setKey{z.apex, zone.TypeSOA}] = []uint32{uint32(life)} //nolint:gosec // a TTL of ttl
	fmt.Fprintf(&w.head, "%s %d IN SOA %s %s %d 3600 600 86400 %d\n", text(f.r, z.apex), life, text(f.r, f.target(z.apex)),
		text(f.r, f.target(z.apex)), serial, ttl(f.r))
	w.servers(z.apex)
	for _, owner := range sorted(z.nodes) {
		switch z.nodes[owner] {
		case data:
			if owner != z.apex || f.r.IntN(3) > 0 {
				w.sets(owner)
			}
		case alias:
			w.alias(owner)
		case rewrite:
			w.rewrite(owner)
			if f.r.IntN(2) == 0 {
				w.set(owner, "TXT", 1)
			}
		case cut:
			w.cut(owner)
		}
	}
	f.r.Shuffle(len(w.lines), func(i, j int) { w.lines[i], w.lines[j] = w.lines[j], w.lines[i] })
	return w.head.String() + strings.Join(w.lines, "")
}

type writer struct {
	f     *family
	z     *genZone
	head  strings.Builder
	lines []string
}

// ttl gives one of the interesting lifetimes (RFC 2181 8: up to 2^31-1).
func ttl(r *rand.Rand) int {
	return [...]int{0, 1, 60, 300, 3600, 86400, 1<<31 - 1}[r.IntN(7)]
}

// set writes n records of a type; equal ones fall together in every server.
func (w *writer) set(owner zone.Name, kind string, n int) {
	r := w.f.r
	life, several := ttl(r), r.IntN(40) == 0 // TTLs in one set (RFC 2181 5.2)
	for range n {
		data := makers[kind](r, func() string { return text(r, w.f.target(owner)) })
		if r.IntN(25) == 0 {
			data = asGeneric(kind, data)
		}
		if several {
			life = ttl(r)
		}
		w.line(owner, life, kind, data)
	}
}

func (w *writer) line(owner zone.Name, life int, kind, data string) {
	t, _ := zone.ParseType(kind)
	key := setKey{owner, t}
	w.z.lives[key] = append(w.z.lives[key], uint32(life)) //nolint:gosec // a TTL of ttl
	w.lines = append(w.lines, fmt.Sprintf("%s %d IN %s %s\n", text(w.f.r, owner), life, kind, data))
}

// sets writes a plain owner: mostly one or two sets, seldom many, seldom one that fits no datagram.
func (w *writer) sets(owner zone.Name) {
	r := w.f.r
	n := 1
	switch k := r.IntN(20); {
	case k < 9:
		n = 2 + r.IntN(2)
	case k == 19:
		n = 5 + r.IntN(12)
	}
	for _, i := range r.Perm(len(kinds))[:n] {
		if kinds[i] == "DS" && owner == w.z.apex {
			continue // it belongs above the cut (RFC 4035 2.4)
		}
		w.set(owner, kinds[i], 1+r.IntN(3))
	}
	if r.IntN(2) == 0 {
		w.set(owner, [...]string{"A", "AAAA", "TXT", "MX"}[r.IntN(4)], 1+r.IntN(4))
	}
	if r.IntN(25) == 0 {
		w.set(owner, [...]string{"A", "TXT", "MX", "SRV", "PTR"}[r.IntN(5)], 20+r.IntN(60))
	}
}

func (w *writer) alias(owner zone.Name) {
	label := owner.Label()
	target := w.f.target(owner)
	if n := 0; strings.HasPrefix(label, "link") { // of chain
		if _, err := fmt.Sscanf(label, "link%d", &n); err == nil {
			target = child(fmt.Sprintf("link%d", n+1), w.z.apex)
			if _, ok := w.z.nodes[target]; !ok {
				target = child("link0", w.z.apex)
			}
		}
	}
	w.line(owner, ttl(w.f.r), "CNAME", text(w.f.r, target))
}

// servers writes an NS set: names within, with glue or not, beside and outside.
func (w *writer) servers(owner zone.Name) {
	r := w.f.r
	life := ttl(r)
	for n := 1 + r.IntN(3); n > 0; n-- {
		host := w.f.target(owner)
		switch k := r.IntN(4); {
		case owner == w.z.apex && k > 0: // BIND refuses zones whose own servers within have no address
			host = child("ns", child("net", child("example", zone.Root)))
		case k == 0:
			host = child(plain[r.IntN(len(plain))], owner)
		case k == 1:
			host = owner
		}
		w.line(owner, life, "NS", text(r, host))
		w.f.targets = append(w.f.targets, host)
		if w.glued(owner, host) {
			w.f.glue(w, host)
		}
	}
}

// glued tells whether an address may be written at a server's name: it is at or below the cut, and nothing else of the zone
// stands there.
func (w *writer) glued(owner, host zone.Name) bool {
	what, taken := w.z.nodes[host]
	return owner != w.z.apex && host.Under(owner) && (!taken || what == cut || what == glue || what == data) && w.f.r.IntN(4) > 0 &&
		(taken || w.f.put(w.z, host, glue))
}

func (f *family) glue(w *writer, host zone.Name) {
	kinds := [...][]string{{"A"}, {"AAAA"}, {"A", "AAAA"}}[f.r.IntN(3)]
	for _, k := range kinds {
		w.set(host, k, 1+f.r.IntN(2))
	}
}

func (w *writer) cut(owner zone.Name) {
	w.servers(owner)
	if w.f.r.IntN(3) == 0 {
		w.set(owner, "DS", 1+w.f.r.IntN(2))
	}
	if w.f.r.IntN(10) == 0 {
		w.set(owner, "TXT", 1) // hidden by the cut
	}
}

// rewrite writes a DNAME, seldom one that leads below itself.
func (w *writer) rewrite(owner zone.Name) {
	target := w.f.target(owner)
	for target.Under(owner) && w.f.r.IntN(20) > 0 {
		target = w.f.target(owner)
	}
	w.line(owner, ttl(w.f.r), "DNAME", text(w.f.r, target))
}
