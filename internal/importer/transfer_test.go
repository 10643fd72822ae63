package importer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

const secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"

func rrs(t *testing.T, text ...string) (list []dns.RR) {
	t.Helper()
	for _, l := range text {
		rr, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rr)
	}
	return list
}

var exampleSOA = "example.com. 60 IN SOA ns.example.net. dns.example.net. 7 1 2 3 4"

// serve answers transfers with envelopes of records, signed by miekg/dns where the question is.
func serve(t *testing.T, envelopes ...[]dns.RR) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{Listener: l, TsigSecret: map[string]string{"k.": secret}, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		ch := make(chan *dns.Envelope, len(envelopes))
		for _, e := range envelopes {
			ch <- &dns.Envelope{RR: e}
		}
		close(ch)
		_ = new(dns.Transfer).Out(w, q, ch)
		w.Close()
	})}
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	go func() { _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown() })
	return l.Addr().String()
}

func ask(t *testing.T, server string, key *Key) (*Reading, error) {
	t.Helper()
	apex, _ := zone.ParseName("example.com.")
	r := &Reading{}
	return r, r.Transfer(t.Context(), Transfer{Server: server, Zone: apex, Key: key, Wait: 10 * time.Second, Total: time.Minute, Limit: 1 << 20})
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	soa, a := rrs(t, exampleSOA), rrs(t, "www.example.com. 60 IN A 192.0.2.1", "WWW.example.com. 60 IN A 192.0.2.2")
	server := serve(t, soa, a, rrs(t, "example.com. 60 IN NS NS.example.net.", exampleSOA))
	for _, key := range []string{"", "k:hmac-sha256:" + secret, "hmac-sha512:K.:" + secret, `key "k." { algorithm hmac-sha1; secret "` + secret + `"; };`} {
		var k *Key
		if key != "" {
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var err error
			if k, err = ReadKey(file); err != nil {
				t.Fatal(err)
			}
		}
		r, err := ask(t, server, k)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		want := "; example.com. 7\nexample.com. 60 NS ns.example.net.\nexample.com. 60 SOA ns.example.net. dns.example.net. 7 1 2 3 4\n" +
			"www.example.com. 60 A 192.0.2.1\nwww.example.com. 60 A 192.0.2.2\n"
		if got := lines(r.Zones()); got != want || len(r.Problems) > 0 {
			t.Errorf("%s: got\n%s%v", key, got, r.Problems)
		}
	}
}

func TestBadTransfers(t *testing.T) {
	t.Parallel()
	soa, www := rrs(t, exampleSOA), rrs(t, "www.example.com. 60 IN A 192.0.2.1")
	for name, c := range map[string]struct {
		envelopes [][]dns.RR
		key, want string
	}{
		"no end":         {[][]dns.RR{soa, www}, "", errEarly.Error()},
		"nothing":        {nil, "", errEarly.Error()},
		"no SOA first":   {[][]dns.RR{www, soa}, "", "first record is not"},
		"another SOA":    {[][]dns.RR{soa, rrs(t, strings.Replace(exampleSOA, " 7 ", " 8 ", 1))}, "", "changed while"},
		"more after it":  {[][]dns.RR{soa, append(rrs(t, exampleSOA), www...)}, "", "after the last SOA"},
		"another secret": {[][]dns.RR{soa, soa}, "k:hmac-sha256:AAAA", "TSIG"},
		"unknown key":    {[][]dns.RR{soa, soa}, "other:hmac-sha256:" + secret, "TSIG"},
		"too much":       {[][]dns.RR{soa, rrs(t, strings.Split(strings.TrimSuffix(strings.Repeat("x.example.com. 60 IN TXT "+strings.Repeat(strings.Repeat("y", 250)+" ", 200)+"\n", 1), "\n"), "\n")...), soa}, "", "more than"},
	} {
		var key *Key
		if c.key != "" {
			key, _ = parseKey(c.key)
		}
		apex, _ := zone.ParseName("example.com.")
		limit := int64(1 << 20)
		if c.want == "more than" {
			limit = 10_000
		}
		err := (&Reading{}).Transfer(t.Context(), Transfer{Server: serve(t, c.envelopes...), Zone: apex, Key: key, Wait: 10 * time.Second, Total: time.Minute, Limit: limit})
		if err == nil || !strings.Contains(err.Error(), c.want) && c.want != "TSIG" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that says nothing is given up after a time, and a signal ends the wait at once.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	apex, _ := zone.ParseName("example.com.")
	err = (&Reading{}).Transfer(t.Context(), Transfer{Server: l.Addr().String(), Zone: apex, Wait: 50 * time.Millisecond, Total: time.Minute, Limit: 1})
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	c, err := l.Accept() // of the first
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
			_, _ = io.ReadFull(c, make([]byte, 12)) // the question has come
		}
		cancel(stop)
	}()
	err = (&Reading{}).Transfer(ctx, Transfer{Server: l.Addr().String(), Zone: apex, Wait: time.Minute, Total: time.Hour, Limit: 1})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// signed makes a message with a TSIG, after those without one (RFC 8945 5.3.1): written out here by the RFC's text, and not with the code under test.
func signed(t *testing.T, key *Key, msg *dns.Msg, prior []byte, between [][]byte, first bool, at time.Time) (raw, mac []byte) {
	t.Helper()
	plain, err := msg.Pack()
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, key.Secret)
	_ = binary.Write(h, binary.BigEndian, uint16(len(prior)))
	h.Write(prior)
	for _, b := range between {
		h.Write(b)
	}
	h.Write(plain)
	if first {
		h.Write([]byte("\x01k\x00" + "\x00\xff" + "\x00\x00\x00\x00" + "\x0bhmac-sha256\x00"))
	}
	_ = binary.Write(h, binary.BigEndian, uint16(0))
	_ = binary.Write(h, binary.BigEndian, uint32(at.Unix()))
	_ = binary.Write(h, binary.BigEndian, uint16(300))
	if first {
		h.Write([]byte{0, 0, 0, 0})
	}
	mac = h.Sum(nil)
	msg.Extra = append(msg.Extra, &dns.TSIG{Hdr: dns.RR_Header{Name: "k.", Rrtype: dns.TypeTSIG, Class: dns.ClassANY}, Algorithm: "hmac-sha256.", TimeSigned: uint64(at.Unix()),
		Fudge: 300, MACSize: uint16(len(mac)), MAC: fmt.Sprintf("%x", mac), OrigId: msg.Id})
	if raw, err = msg.Pack(); err != nil {
		t.Fatal(err)
	}
	return raw, mac
}

// Some servers sign the first message, the last, and few between.
func TestUnsignedMessagesBetween(t *testing.T) {
	t.Parallel()
	key, err := parseKey("k:hmac-sha256:" + secret)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1800000000, 0)
	request := []byte("the request's own")
	message := func(i int) *dns.Msg {
		m := new(dns.Msg)
		m.Id, m.Response = 7, true
		m.Answer = rrs(t, fmt.Sprintf("x%d.example.com. 60 IN TXT x", i))
		return m
	}
	// take runs the messages past the verifier; spoil may change them.
	take := func(between int, now time.Time, spoil func(all [][]byte) [][]byte) error {
		first, mac := signed(t, key, message(0), request, nil, true, at)
		all := [][]byte{first}
		for i := range between {
			raw, err := message(i + 1).Pack()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, raw)
		}
		last, _ := signed(t, key, message(200), mac, all[1:], false, at)
		v := &verifier{key: key, mac: request, first: true, now: func() time.Time { return now }}
		for _, raw := range spoil(append(all, last)) {
			msg := new(dns.Msg)
			if err := msg.Unpack(raw); err != nil {
				t.Fatal(err)
			}
			if err := v.message(raw, msg); err != nil {
				return err
			}
		}
		return v.end()
	}
	same := func(all [][]byte) [][]byte { return all }
	for name, c := range map[string]struct {
		between int
		now     time.Time
		spoil   func([][]byte) [][]byte
		want    error
	}{
		"all signed":          {0, at, same, nil},
		"three between":       {3, at, same, nil},
		"as many as may be":   {99, at, same, nil},
		"too many":            {100, at, same, errUnsigned},
		"one left out":        {3, at, func(all [][]byte) [][]byte { return append(all[:1:1], all[2:]...) }, errMAC},
		"the last left out":   {3, at, func(all [][]byte) [][]byte { return all[:4] }, errUnsigned},
		"the first left out":  {3, at, func(all [][]byte) [][]byte { return all[1:] }, errUnsigned},
		"one changed":         {3, at, func(all [][]byte) [][]byte { all[2][len(all[2])-1]++; return all }, errMAC},
		"the first one again": {0, at, func(all [][]byte) [][]byte { return [][]byte{all[0], all[0]} }, errMAC},
		"another time":        {0, at.Add(301 * time.Second), same, errClock},
	} {
		if err := take(c.between, c.now, c.spoil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                      "no key",
		"k:hmac-md5:" + secret:                  "algorithm",
		"k:hmac-sha256:***":                     "no base64",
		`key "k" { algorithm hmac-sha256; };`:   "no base64",
		`key "k" { secret "` + secret + `"; };`: "algorithm",
		strings.Repeat("x", 70) + ":hmac-sha256:" + secret: "no name of a key",
	} {
		if _, err := parseKey(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzTSIGStart(f *testing.F) {
	f.Add([]byte("\x00\x07\x80\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if at, err := tsigStart(raw); err == nil && at > len(raw) {
			t.Fatal(at)
		}
	})
}
