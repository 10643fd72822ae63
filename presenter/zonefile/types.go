package zonefile

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// spec is how a type's value is read.
type spec struct {
	build  func(*reader, *yaml.Node) (zone.Rdata, bool)
	single bool // takes one value only
}

// types are those with octoDNS's shape of their value.
var types = map[string]spec{
	"A": {build: address(4)}, "AAAA": {build: address(16)},
	"CNAME": {build: name, single: true}, "DNAME": {build: name, single: true}, "NS": {build: name}, "PTR": {build: name},
	"TXT": {build: txt}, "SPF": {build: txt},
	"MX": {build: mx}, "SRV": {build: srv}, "CAA": {build: caa}, "NAPTR": {build: naptr},
	"DS": {build: ds}, "SSHFP": {build: sshfp}, "TLSA": {build: tlsa},
	"LOC": {build: loc}, "SVCB": {build: svcb("SVCB")}, "HTTPS": {build: svcb("HTTPS")},
	"OPENPGPKEY": {build: openpgpkey}, "URI": {build: uri},
	"SOA": {build: soa, single: true},
}

func address(size int) func(*reader, *yaml.Node) (zone.Rdata, bool) {
	return func(r *reader, n *yaml.Node) (zone.Rdata, bool) {
		text, ok := r.text(n, "the address")
		if !ok {
			return "", false
		}
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" || a.BitLen() != 8*size {
			return "", r.fail(n, "bad-address", fmt.Sprintf("%.60q is no IPv%d address", text, map[int]int{4: 4, 16: 6}[size]), "")
		}
		return zone.Rdata(a.AsSlice()), true
	}
}

func name(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	t, ok := r.target(n, "the target")
	return zone.Rdata(t), ok
}

// wire builds rdata field by field; the first fault sticks.
type wire struct {
	r    *reader
	f    map[string]*yaml.Node
	b    []byte
	good bool
}

func (r *reader) wire(n *yaml.Node, what string, keys ...string) *wire {
	w := &wire{r: r}
	w.f, w.good = r.object(n, what, len(keys), keys...)
	return w
}

func (w *wire) u16(k string) {
	if w.good {
		var v int64
		v, w.good = w.r.integer(w.f[k], k, 0, 0xffff)
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(v))
	}
}

func (w *wire) u8(k string, high int64) byte {
	var v int64
	if w.good {
		v, w.good = w.r.integer(w.f[k], k, 0, high)
		w.b = append(w.b, byte(v))
	}
	return byte(v)
}

func (w *wire) name(k string) {
	if w.good {
		var t zone.Name
		t, w.good = w.r.target(w.f[k], k)
		w.b = append(w.b, t...)
	}
}

// hex reads hexadecimal digits; sizes gives the length in octets where a digest's type fixes it.
func (w *wire) hex(k string, size int) {
	if !w.good {
		return
	}
	text, ok := w.r.text(w.f[k], k)
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	switch {
	case !ok:
	case err != nil || len(data) == 0:
		ok = w.r.fail(w.f[k], "bad-hex", fmt.Sprintf("%s: %.60q is no even number of hexadecimal digits", k, text), "")
	case size > 0 && len(data) != size:
		ok = w.r.soft(w.f[k], "bad-hex", fmt.Sprintf("%s has %d octets, this kind of digest has %d", k, len(data), size), "")
	}
	w.b, w.good = append(w.b, data...), ok
}

// chars reads one character-string (RFC 1035 3.3) with the escapes of presentation form.
func (w *wire) chars(k string) {
	data, ok := w.octets(k)
	if ok && len(data) > maxChunk {
		w.good = w.r.fail(w.f[k], "txt-too-long", k+" is longer than 255 octets", "")
	}
	w.b = append(append(w.b, byte(len(data))), data...)
}

// octets reads a text with the escapes of presentation form.
func (w *wire) octets(k string) ([]byte, bool) {
	if !w.good {
		return nil, false
	}
	text, ok := w.r.text(w.f[k], k)
	if !ok {
		w.good = false
		return nil, false
	}
	data, err := unescape(text)
	if err != nil {
		w.good = w.r.fail(w.f[k], "bad-escape", k+": "+err.Error(), `write \\ for a backslash`)
	}
	return data, w.good
}

func (w *wire) done() (zone.Rdata, bool) { return zone.Rdata(w.b), w.good }

// openpgpkey reads a key in base64 (RFC 7929 2.3), which may be folded over lines.
func openpgpkey(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	text, ok := r.text(n, "the key")
	if !ok {
		return "", false
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(data) == 0 {
		return "", r.fail(n, "bad-base64", fmt.Sprintf("%.60q is no base64", text), "")
	}
	return zone.Rdata(data), true
}

// uri reads a URI value (RFC 7553): its target is all octets to the end.
func uri(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := r.wire(n, "a URI value", "priority", "weight", "target")
	w.u16("priority")
	w.u16("weight")
	if target, ok := w.octets("target"); ok {
		w.b = append(w.b, target...)
		if len(target) == 0 {
			return "", r.fail(w.f["target"], "no-value", "target is empty", "")
		}
	}
	return w.done()
}

func mx(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	n = renamed(n, "preference", map[string]string{"priority": "preference", "value": "exchange"})
	w := r.wire(n, "a MX value", "preference", "exchange")
	w.u16("preference")
	w.name("exchange")
	return w.done()
}

func srv(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := r.wire(n, "a SRV value", "priority", "weight", "port", "target")
	w.u16("priority")
	w.u16("weight")
	w.u16("port")
	w.name("target")
	return w.done()
}

var caaTag = regexp.MustCompile(`^[a-z0-9]{1,255}$`)

func caa(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := &wire{r: r}
	if w.f, w.good = r.object(n, "a CAA value", 2, "tag", "value", "flags"); w.good && w.f["flags"] == nil {
		w.b = append(w.b, 0) // as octoDNS has it
	} else {
		w.u8("flags", 255)
	}
	if !w.good {
		return "", false
	}
	tag, ok := r.text(w.f["tag"], "tag")
	if ok && !caaTag.MatchString(tag) { // RFC 8659 4.1
		ok = len(tag) < 256 && r.soft(w.f["tag"], "bad-caa", fmt.Sprintf("tag: %.60q is not lower-case letters and digits", tag), "write issue, issuewild or iodef")
	}
	value, good := r.text(w.f["value"], "value")
	if !ok || !good {
		return "", false
	}
	value = strings.ReplaceAll(value, `\;`, ";") // as octoDNS has it
	return zone.Rdata(append(append(append(w.b, byte(len(tag))), tag...), value...)), true
}

func naptr(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := r.wire(n, "a NAPTR value", "order", "preference", "flags", "service", "regexp", "replacement")
	w.u16("order")
	w.u16("preference")
	if w.good && !slices.Contains([]string{"", "S", "A", "U", "P"}, strings.ToUpper(w.f["flags"].Value)) {
		w.good = r.soft(w.f["flags"], "bad-value", fmt.Sprintf("flags: %.60q is none of S, A, U, P and ''", w.f["flags"].Value), "")
	}
	w.chars("flags")
	w.chars("service")
	w.chars("regexp")
	w.name("replacement")
	return w.done()
}

func ds(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	n = renamed(n, "key_tag", map[string]string{"flags": "key_tag", "protocol": "algorithm", "algorithm": "digest_type", "public_key": "digest"})
	w := r.wire(n, "a DS value", "key_tag", "algorithm", "digest_type", "digest")
	w.u16("key_tag")
	w.u8("algorithm", 255)
	w.hex("digest", map[byte]int{1: 20, 2: 32, 4: 48}[w.u8("digest_type", 255)])
	return w.done()
}

func sshfp(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := r.wire(n, "a SSHFP value", "algorithm", "fingerprint_type", "fingerprint")
	w.u8("algorithm", 255)
	w.hex("fingerprint", map[byte]int{1: 20, 2: 32}[w.u8("fingerprint_type", 255)])
	return w.done()
}

func tlsa(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	w := r.wire(n, "a TLSA value", "certificate_usage", "selector", "matching_type", "certificate_association_data")
	w.u8("certificate_usage", 3)
	w.u8("selector", 1)
	w.hex("certificate_association_data", map[byte]int{1: 32, 2: 64}[w.u8("matching_type", 2)])
	return w.done()
}

// renamed gives a value its keys' present names, where the key that every present value has is missing: octoDNS still reads the
// names of its older versions. Those of DS were swapped.
func renamed(n *yaml.Node, present string, names map[string]string) *yaml.Node {
	if n.Kind != yaml.MappingNode || child(n, present) != nil {
		return n
	}
	older := *n
	older.Content = slices.Clone(n.Content)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name, ok := names[n.Content[i].Value]; ok {
			k := *n.Content[i]
			k.Value = name
			older.Content[i] = &k
		}
	}
	return &older
}
