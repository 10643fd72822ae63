package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

func name(t testing.TB, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// reply makes an answer of a line: rcode and flags, then records; those after a dash are of the authority section.
func reply(t testing.TB, q Question, text string) Answer {
	t.Helper()
	m := new(dns.Msg).SetQuestion(q.Name.String(), uint16(q.Type))
	m.Response, m.Authoritative = true, true
	to := &m.Answer
	for part := range strings.SplitSeq(text, "|") {
		switch part = strings.TrimSpace(part); {
		case part == "-":
			to = &m.Ns
		case part == "!aa":
			m.Authoritative = false
		case !strings.Contains(part, " "):
			m.Rcode = dns.StringToRcode[part]
		default:
			rr, err := dns.NewRR(part)
			if err != nil {
				t.Fatal(err)
			}
			*to = append(*to, rr)
		}
	}
	a, err := Read(q, m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDiffer(t *testing.T) {
	t.Parallel()
	const soa = "- | example. 60 SOA ns. h. 1 2 3 4 30"
	for _, test := range []struct {
		question, here, there, want string
	}{
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "NOERROR | www.example. 60 A 192.0.2.1", ""},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "NOERROR | WWW.example. 60 A 192.0.2.1 | x.example. 1 A 192.0.2.7 | - | example. 5 NS ns.example.", ""},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "NOERROR | www.example. 60 A 192.0.2.2", "values: here alone 192.0.2.1; there alone 192.0.2.2"},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "NOERROR | www.example. 60 A 192.0.2.1 | www.example. 60 A 192.0.2.2",
			"values: here nothing more; there alone 192.0.2.2"},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "NOERROR | www.example. 61 A 192.0.2.1", "ttl: here 60; there 61"},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1 | www.example. 60 A 192.0.2.2", "NOERROR | www.example. 60 A 192.0.2.2 | www.example. 60 A 192.0.2.1",
			"order: here 192.0.2.1, 192.0.2.2; there 192.0.2.2, 192.0.2.1"},
		{"www.example. A", "NXDOMAIN | " + soa, "NOERROR | www.example. 60 A 192.0.2.1", "missing: here no such name; there 60 A 192.0.2.1"},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "NOERROR | " + soa, "extra: here 60 A 192.0.2.1; there no such type"},
		{"www.example. A", "NXDOMAIN | " + soa, "NOERROR | " + soa, "rcode: here no such name; there no such type"},
		{"www.example. A", "NOERROR | www.example. 60 A 192.0.2.1", "SERVFAIL", "rcode: here 60 A 192.0.2.1; there SERVFAIL"},
		{"www.example. A", "REFUSED", "NOERROR | " + soa, "rcode: here REFUSED; there no such type"},
		{"www.example. A", "NOERROR | " + soa, "NOERROR | - | example. 30 SOA ns. h. 9 2 3 4 60", ""}, // what resolvers keep is the same
		{"www.example. A", "NOERROR | " + soa, "NOERROR | - | example. 60 SOA ns. h. 1 2 3 4 20", "ttl: here no such type, for 30 s; there no such type, for 20 s"},
		{"www.example. A", "NOERROR | www.example. 60 CNAME a.example. | a.example. 1 A 192.0.2.1", "NXDOMAIN | www.example. 60 CNAME a.example.", ""},
		{"www.example. A", "NOERROR | www.example. 60 CNAME a.example.", "NOERROR | www.example. 60 A 192.0.2.1", "values: here 60 CNAME a.example.; there 60 A 192.0.2.1"},
		{"example. SOA", "NOERROR | example. 60 SOA ns. h. 1 2 3 4 30", "NOERROR | example. 60 SOA ns. h. 7 2 3 4 30",
			"soa-serial: here 60 SOA ns. h. 1 2 3 4 30; there 60 SOA ns. h. 7 2 3 4 30"},
		{"example. SOA", "NOERROR | example. 60 SOA ns. h. 1 2 3 4 30", "NOERROR | example. 60 SOA ns. h. 7 2 3 4 31",
			"values: here alone ns. h. 1 2 3 4 30; there alone ns. h. 7 2 3 4 31"},
		{"x.sub.example. A", "NOERROR | !aa | - | sub.example. 60 NS ns.sub.example.", "NOERROR | !aa | - | sub.example. 60 NS ns.sub.example.", ""},
		{"x.sub.example. A", "NOERROR | !aa | - | sub.example. 60 NS ns.sub.example.", "NOERROR | !aa | - | sub.example. 60 NS ns.example.",
			"values: here alone ns.sub.example.; there alone ns.example."},
		{"x.sub.example. A", "NOERROR | !aa | - | sub.example. 60 NS ns.sub.example.", "NXDOMAIN | " + soa,
			"extra: here a referral to sub.example., ns.sub.example.; there no such name"},
	} {
		fields := strings.Fields(test.question)
		typ, _ := zone.ParseType(fields[1])
		q := Question{name(t, fields[0]), typ}
		var got []string
		for _, d := range Differ(q, reply(t, q, test.here), reply(t, q, test.there)) {
			got = append(got, strings.TrimPrefix(d.String(), q.String()+" "))
		}
		if strings.Join(got, "\n") != test.want {
			t.Errorf("%s\n  %s\n  %s\ngot  %q\nwant %q", test.question, test.here, test.there, got, test.want)
		}
	}
}

// TestDifferIsFair: what two servers swap is swapped, and nobody differs from itself.
func TestDifferIsFair(t *testing.T) {
	t.Parallel()
	q := Question{name(t, "www.example."), zone.TypeA}
	texts := []string{"NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "NXDOMAIN | - | example. 60 SOA ns. h. 1 2 3 4 30", "NOERROR | www.example. 5 A 192.0.2.1",
		"NOERROR | www.example. 6 A 192.0.2.1", "NOERROR | www.example. 5 A 192.0.2.2 | www.example. 5 A 192.0.2.1", "NOERROR | www.example. 5 CNAME a.example.",
		"NOERROR | !aa | - | example. 60 NS ns.example."}
	other := map[Class]Class{Missing: Extra, Extra: Missing}
	rapid.Check(t, func(rt *rapid.T) {
		a, b := reply(t, q, rapid.SampledFrom(texts).Draw(rt, "a")), reply(t, q, rapid.SampledFrom(texts).Draw(rt, "b"))
		if d := Differ(q, a, a); len(d) > 0 {
			rt.Fatalf("%v", d)
		}
		one, two := Differ(q, a, b), Differ(q, b, a)
		if len(one) != len(two) {
			rt.Fatalf("%v, %v", one, two)
		}
		for i := range one {
			want := one[i].Class
			if c, ok := other[want]; ok {
				want = c
			}
			if two[i].Class != want || two[i].Here != one[i].There {
				rt.Fatalf("%v, %v", one, two)
			}
		}
	})
}

func TestReadHoldsTheQuestion(t *testing.T) {
	t.Parallel()
	q := Question{name(t, "www.example."), zone.TypeA}
	m := new(dns.Msg).SetQuestion("www.example.", dns.TypeAAAA)
	m.Response = true
	if _, err := Read(q, m); err == nil {
		t.Error("an answer to another type is taken")
	}
	m.Question[0] = dns.Question{Name: "other.example.", Qtype: dns.TypeA}
	if _, err := Read(q, m); err == nil {
		t.Error("an answer to another name is taken")
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	set := func(typ zone.Type, text string) zone.RRset {
		d, err := zone.ParseRdata(typ, text, "")
		if err != nil {
			t.Fatal(err)
		}
		return zone.RRset{Type: typ, Data: []zone.Rdata{d}}
	}
	nodes := []snapshot.Node{
		{Name: name(t, "example."), Sets: []zone.RRset{set(zone.TypeSOA, "ns. h. 1 1 1 1 1")}},
		{Name: name(t, "empty.example.")},
		{Name: name(t, "sub.example."), Sets: []zone.RRset{set(zone.TypeNS, "ns.example.net.")}},
		{Name: name(t, "*.w.example."), Sets: []zone.RRset{set(zone.TypeTXT, "x")}},
	}
	broken := errors.New("broken")
	var got []string
	for q, err := range Questions(snapshot.Zone{Apex: name(t, "example.")}, func(yield func(snapshot.Node, error) bool) {
		for _, n := range nodes {
			if !yield(n, nil) {
				return
			}
		}
		yield(snapshot.Node{}, broken)
	}) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, q.String())
	}
	want := []string{"example. SOA", "example. A", "example. NS", probe + ".example. A", "empty.example. A", "sub.example. NS", "sub.example. A",
		probe + ".sub.example. A", "*.w.example. TXT", "*.w.example. A", probe + ".w.example. TXT", "broken"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestReadNames(t *testing.T) {
	t.Parallel()
	apex := name(t, "example.")
	log := `www.example
WWW.example. AAAA
20-Nov-2026 12:00:00.000 client @0x7f 192.0.2.9#5353 (mail.example): query: mail.example IN MX +E(0)K (192.0.2.53)
www.example.net A
[1795212501] unbound[1:0] info: 192.0.2.9 x.example. HTTPS IN
www.example
bad..example
`
	list, err := ReadNames(strings.NewReader(log), func(n zone.Name) bool { return n.Under(apex) })
	if got, want := fmt.Sprint(list), "[www.example. A www.example. AAAA mail.example. MX x.example. HTTPS]"; err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ReadNames(strings.NewReader(strings.Repeat("x", maxLine+1)), func(zone.Name) bool { return true }); err == nil {
		t.Error("a line without end is taken")
	}
}

func FuzzReadNames(f *testing.F) {
	f.Add([]byte("query: www.example IN A +E"))
	f.Add([]byte("\\\\.example. TYPE65535\n(a.example) \\300.example"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, _ := ReadNames(strings.NewReader(string(text)), func(n zone.Name) bool { return n.Labels() > 1 })
		for _, q := range list {
			if back, err := zone.ParseName(q.Name.String()); err != nil || back != q.Name || q.Name.Labels() < 2 {
				t.Fatalf("%q gave %q: %v", text, q.Name, err)
			}
		}
	})
}

// fake answers by a function.
type fake func(Question) (Answer, error)

func (f fake) Ask(_ context.Context, q Question) (Answer, error) { return f(q) }

func numbered(n int) func(func(Question, error) bool) {
	return func(yield func(Question, error) bool) {
		for i := range n {
			c, err := zone.Root.Child(fmt.Sprintf("n%d", i))
			if err != nil || !yield(Question{c, zone.TypeA}, nil) {
				return
			}
		}
	}
}

func TestRunIsGentle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		same := fake(func(Question) (Answer, error) { return Answer{kind: nodata}, nil })
		r := &Run{Here: same, There: same, QPS: 50, Report: func(Difference) error { return nil }}
		begun := time.Now()
		sum, err := r.Do(t.Context(), numbered(500))
		if took := time.Since(begun); err != nil || sum.Questions != 500 || took < 9*time.Second || took > 11*time.Second {
			t.Errorf("%+v in %v: %v", sum, took, err)
		}
	})
}

func TestRunCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here := fake(func(Question) (Answer, error) { return Answer{kind: nodata}, nil })
		there := fake(func(q Question) (Answer, error) {
			if strings.HasSuffix(q.Name.Label(), "7") {
				return Answer{kind: nxdomain}, nil
			}
			if q.Name.Label() == "n11" {
				return Answer{}, errors.New("lost")
			}
			return Answer{kind: nodata}, nil
		})
		var told []string
		r := &Run{Here: here, There: there, QPS: 1000, Report: func(d Difference) error {
			told = append(told, d.String())
			return nil
		}}
		sum, err := r.Do(t.Context(), numbered(100))
		if err != nil || sum.Questions != 100 || sum.Unanswered != 1 || sum.Differences[Rcode] != 10 || sum.Different() != 10 || len(told) != 10 || !strings.HasPrefix(told[1], "n17.") {
			t.Errorf("%+v, %v: %q", sum, err, told)
		}
		r.Ignore = map[Class]bool{Rcode: true}
		if sum, err = r.Do(t.Context(), numbered(100)); err != nil || sum.Different() != 0 {
			t.Errorf("%+v, %v", sum, err)
		}
		silent := fake(func(Question) (Answer, error) { return Answer{}, errors.New("nobody there") })
		r.There = silent
		if sum, err = r.Do(t.Context(), numbered(10_000)); !errors.Is(err, ErrSilent) || sum.Questions > 50 {
			t.Errorf("%+v, %v", sum, err)
		}
	})
}
