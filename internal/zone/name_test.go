package zone

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		labels     int
	}{
		{".", ".", 0},
		{"example.", "example.", 1},
		{"WWW.Example.", "www.example.", 2},
		{"*.example.", "*.example.", 2},
		{`a\.b.example.`, `a\.b.example.`, 2},
		{`a\046b.example.`, `a\.b.example.`, 2},
		{`\000\255.example.`, `\000\255.example.`, 2},
		{`a\ b.example.`, `a\ b.example.`, 2},
		{"_https._tcp.example.", "_https._tcp.example.", 3},
		{strings.Repeat("a", 63) + ".", strings.Repeat("a", 63) + ".", 1},
	} {
		n, err := ParseName(c.text)
		if err != nil || n.String() != c.want || n.Labels() != c.labels {
			t.Errorf("ParseName(%q) = %q with %d labels, %v; want %q with %d", c.text, n, n.Labels(), err, c.want, c.labels)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want error
	}{
		{"", ErrEmptyLabel},
		{"www", ErrNoFinalDot},
		{"www..example.", ErrEmptyLabel},
		{".example.", ErrEmptyLabel},
		{strings.Repeat("a", 64) + ".", ErrLabelTooLong},
		{strings.Repeat(strings.Repeat("a", 63)+".", 4), ErrNameTooLong},
		{strings.Repeat("a.", 1<<20), ErrNameTooLong},
		{`a\`, ErrBadEscape},
		{`a\25.example.`, ErrBadEscape},
		{`a\256.example.`, ErrBadEscape},
	} {
		if n, err := ParseName(c.text); !errors.Is(err, c.want) {
			t.Errorf("ParseName(%.40q) = %q, %v; want %v", c.text, n, err, c.want)
		}
	}
	longest := strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("a", 61) + "."
	if n, err := ParseName(longest); err != nil || len(n) != MaxName {
		t.Errorf("a name of 255 octets: %d, %v", len(n), err)
	}
}

func TestParseNameIn(t *testing.T) {
	t.Parallel()
	origin := mustName(t, "example.")
	for text, want := range map[string]string{"www": "www.example.", "@": "example.", "www.": "www.", "a.b": "a.b.example."} {
		if n, err := ParseNameIn(text, origin); err != nil || n.String() != want {
			t.Errorf("ParseNameIn(%q) = %q, %v; want %q", text, n, err, want)
		}
	}
}

func mustName(t *testing.T, text string) Name {
	t.Helper()
	n, err := ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRelations(t *testing.T) {
	t.Parallel()
	n, apex := mustName(t, "a.b.example."), mustName(t, "b.example.")
	if !n.Under(apex) || !apex.Under(apex) || apex.Under(n) || !n.Under(Root) || n.Under("") {
		t.Error("Under")
	}
	if mustName(t, "xb.example.").Under(apex) {
		t.Error("a suffix of octets is no suffix of labels")
	}
	if n.Parent() != apex || Root.Parent() != "" || n.Label() != "a" || Root.Label() != "" {
		t.Error("Parent or Label")
	}
	if c, err := apex.Child("A"); err != nil || c != n {
		t.Errorf("Child: %q, %v", c, err)
	}
	if _, err := apex.Child(""); !errors.Is(err, ErrEmptyLabel) {
		t.Error(err)
	}
	if _, err := apex.Child(strings.Repeat("a", 64)); !errors.Is(err, ErrLabelTooLong) {
		t.Error(err)
	}
	if !mustName(t, "*.example.").IsWildcard() || mustName(t, "*a.example.").IsWildcard() || mustName(t, "a.*.example.").IsWildcard() {
		t.Error("IsWildcard")
	}
}

// The example of RFC 4034 6.1.
func TestCanonicalOrder(t *testing.T) {
	t.Parallel()
	want := []string{"example.", "a.example.", "yljkjljk.a.example.", "z.a.example.", "zabc.a.example.", "z.example.", `\001.z.example.`, "*.z.example.", `\200.z.example.`}
	var names []Name
	for _, text := range want {
		names = append(names, mustName(t, text))
	}
	slices.Reverse(names)
	slices.SortFunc(names, Name.Compare)
	for i, n := range names {
		if n.String() != want[i] {
			t.Fatalf("at %d stands %q, want %q", i, n, want[i])
		}
	}
}

func drawName(t *rapid.T) Name {
	var wire []byte
	for range rapid.IntRange(0, 6).Draw(t, "labels") {
		label := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "label")
		wire = append(append(wire, byte(len(label))), label...)
	}
	n, _, err := NameFromWire(append(wire, 0))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNamePrintsAndReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := drawName(t)
		if back, err := ParseName(n.String()); err != nil || back != n {
			t.Fatalf("%q reads back as %q, %v", n.String(), back, err)
		}
		text, _ := n.MarshalText()
		var back Name
		if err := back.UnmarshalText(text); err != nil || back != n {
			t.Fatalf("text %q: %v", text, err)
		}
	})
}

// What miekg/dns packs of our text is our wire form: the edges agree on escapes.
func TestNameAgreesWithLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := drawName(t)
		buf := make([]byte, 300)
		end, err := dns.PackDomainName(n.String(), buf, 0, nil, false)
		if err != nil || string(buf[:end]) != string(n) {
			t.Fatalf("%q packs as %x, %v; want %x", n.String(), buf[:end], err, string(n))
		}
	})
}

func FuzzName(f *testing.F) {
	f.Add("www.example.", []byte("\x03www\x07example\x00"))
	f.Add(`\.\255.`, []byte{64})
	f.Fuzz(func(t *testing.T, text string, wire []byte) {
		if n, err := ParseName(text); err == nil {
			if back, err := ParseName(n.String()); err != nil || back != n {
				t.Fatalf("%q gives %q, which reads back as %q, %v", text, n, back, err)
			}
		}
		if n, used, err := NameFromWire(wire); err == nil {
			if used != len(n) || len(n) > MaxName {
				t.Fatalf("%x gives %d octets of %d", wire, used, len(n))
			}
			_ = n.String()
		}
	})
}
