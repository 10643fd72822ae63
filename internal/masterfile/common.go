package masterfile

import (
	"bytes"
	"encoding/binary"

	"zonecast/internal/zone"
)

// common reads a line in the form that programs write, and tells whether it was one. It changes nothing otherwise.
func (p *parser) common(f *frame, line []byte) bool {
	if line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	s := scan{line: line, origin: f.origin}
	owner, ownerText, same := f.owner, f.ownerText, true
	if size := s.word(); size > 0 {
		s.at = size
		if s.line[0] == '$' || !s.closed() {
			return false
		}
		s.at = 0
		if ownerText = s.line[:size]; !bytes.Equal(ownerText, f.ownerText) {
			same = false
			if owner = s.name(p.name[:0]); owner == nil {
				return false
			}
		}
		s.at = size
	} else if s.end() {
		return true // blanks, or a comment
	} else if owner == nil || f.lost {
		return false
	}
	ttl, stated, ok := s.ttlAndClass()
	if !stated {
		ttl = f.ttl
	}
	if !ok || ttl > zone.MaxTTL || !stated && !f.hasTTL {
		return false
	}
	t := s.typ()
	if t == 0 {
		return false
	}
	p.data = s.data(t, p.data[:0])
	if p.data == nil || !s.end() {
		return false
	}
	if stated && !f.directive {
		f.ttl, f.hasTTL = ttl, true
	}
	if !same {
		f.owner = append(f.owner[:0], owner...)
		f.ownerText = append(f.ownerText[:0], ownerText...)
		f.lost = false
	}
	p.rec.Name, p.rec.Type, p.rec.TTL, p.rec.Data = f.owner, t, ttl, p.data
	p.emit(f)
	return true
}

// ttlAndClass reads a TTL in seconds and the class IN, either, both or none, in any order.
func (s *scan) ttlAndClass() (ttl uint32, stated, ok bool) {
	class := false
	for {
		s.blanks()
		rest := s.line[s.at:]
		switch {
		case len(rest) == 0:
			return 0, false, false
		case rest[0] <= '9':
			if ttl, ok = s.number(zone.MaxTTL); !ok || stated {
				return 0, false, false
			}
			stated = true
		case len(rest) > 2 && rest[0]|0x20 == 'i' && rest[1]|0x20 == 'n' && kind[rest[2]] == blank:
			if class {
				return 0, false, false
			}
			class = true
			s.at += 2
		default:
			return ttl, stated, true
		}
	}
}

// typ reads the mnemonic of a type that data knows, and the blank after it; else 0.
func (s *scan) typ() zone.Type {
	size := s.word()
	word := s.line[s.at : s.at+size]
	s.at += size
	if s.at == len(s.line) || kind[s.line[s.at]] != blank {
		return 0
	}
	switch string(word) {
	case "A", "a":
		return zone.TypeA
	case "AAAA", "aaaa":
		return zone.TypeAAAA
	case "PTR", "ptr":
		return zone.TypePTR
	case "CNAME", "cname":
		return zone.TypeCNAME
	case "NS", "ns":
		return zone.TypeNS
	case "MX", "mx":
		return zone.TypeMX
	case "SRV", "srv":
		return zone.TypeSRV
	case "TXT", "txt":
		return zone.TypeTXT
	}
	return 0
}

// data reads the data of a type into dst; nil if it is not in the common form.
func (s *scan) data(t zone.Type, dst []byte) []byte {
	s.blanks()
	numbers := 0
	switch t {
	case zone.TypeA:
		return s.ipv4(dst)
	case zone.TypeAAAA:
		return s.ipv6(dst)
	case zone.TypeTXT:
		return s.texts(dst)
	case zone.TypeMX:
		numbers = 1
	case zone.TypeSRV:
		numbers = 3
	}
	for range numbers {
		n, ok := s.number(1<<16 - 1)
		if !ok || s.at == len(s.line) {
			return nil
		}
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
		s.blanks()
	}
	return s.name(dst)
}
