package answer

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/dns"
)

// header gives twelve octets and what follows.
func header(flags, qd, an, ns, ar uint16, rest ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, 4711)
	for _, v := range []uint16{flags, qd, an, ns, ar} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return append(b, rest...)
}

func TestOddQueries(t *testing.T) {
	t.Parallel()
	question := []byte("\x03www\x07example\x00\x00\x01\x00\x01")
	with := func(more ...byte) []byte { return append(append([]byte{}, question...), more...) }
	opt := []byte{0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0}
	const silence = -1
	for what, c := range map[string]struct {
		packet []byte
		rcode  int
	}{
		"empty":              {nil, silence},
		"eleven octets":      {make([]byte, 11), silence},
		"a response":         {header(flagQR, 1, 0, 0, 0, question...), silence},
		"plain":              {header(0, 1, 0, 0, 0, question...), dns.RcodeSuccess},
		"no question":        {header(0, 0, 0, 0, 0), dns.RcodeFormatError},
		"two questions":      {header(0, 2, 0, 0, 0, with(question...)...), dns.RcodeFormatError},
		"cut question":       {header(0, 1, 0, 0, 0, question[:14]...), dns.RcodeFormatError},
		"no end of name":     {header(0, 1, 0, 0, 0, question[:12]...), dns.RcodeFormatError},
		"pointer":            {header(0, 1, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1), dns.RcodeFormatError},
		"long label":         {header(0, 1, 0, 0, 0, append([]byte{64}, make([]byte, 80)...)...), dns.RcodeFormatError},
		"record missing":     {header(0, 1, 0, 0, 1, question...), dns.RcodeFormatError},
		"record cut":         {header(0, 1, 0, 0, 1, with(opt[:9]...)...), dns.RcodeFormatError},
		"many records":       {header(0, 1, 0xffff, 0xffff, 0xffff, question...), dns.RcodeFormatError},
		"OPT with a name":    {header(0, 1, 0, 0, 1, with(append([]byte{1, 'a'}, opt...)...)...), dns.RcodeFormatError},
		"option cut":         {header(0, 1, 0, 0, 1, with(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 5, 0, 10, 0, 9, 1)...), dns.RcodeFormatError},
		"opcode 15":          {header(15<<11, 1, 0, 0, 0, question...), dns.RcodeNotImplemented},
		"notify":             {header(4<<11, 1, 0, 0, 0, question...), dns.RcodeNotImplemented},
		"class CH":           {header(0, 1, 0, 0, 0, []byte("\x07version\x04bind\x00\x00\x10\x00\x03")...), dns.RcodeRefused},
		"class ANY":          {header(0, 1, 0, 0, 0, append(append([]byte{}, question[:15]...), 0, 255)...), dns.RcodeRefused},
		"type OPT":           {header(0, 1, 0, 0, 0, append(append([]byte{}, question[:13]...), 0, 41, 0, 1)...), dns.RcodeFormatError},
		"type MAILA":         {header(0, 1, 0, 0, 0, append(append([]byte{}, question[:13]...), 0, 254, 0, 1)...), dns.RcodeNotImplemented},
		"octets after the q": {header(0, 1, 0, 0, 0, with(1, 2, 3)...), dns.RcodeSuccess},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			raw, outcome := NewEngine(Config{}).Answer(exampleView(t), facts, c.packet, nil, UDP)
			if c.rcode == silence {
				if raw != nil {
					t.Errorf("answered % x", raw)
				}
				return
			}
			got := new(dns.Msg)
			if err := got.Unpack(raw); err != nil {
				t.Fatalf("%v: % x", err, raw)
			}
			if got.Rcode != c.rcode || int(outcome.Rcode) != c.rcode || got.Id != 4711 || !got.Response {
				t.Errorf("got %v", got)
			}
		})
	}
}
