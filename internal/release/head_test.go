package release

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func testHead() Head {
	return Head{Stream: "stable", Epoch: 1, Version: 1795000184, Chain: Hash{1, 2, 3}, MinReader: 1,
		Base: Base{Version: 1795000100, Chain: Hash{4}, SHA256: Hash{5}, Size: 1 << 40, Zones: 3, Names: 7,
			Records: 9, Seed: "000102030405060708090a0b0c0d0e0f"},
		Released: 1795000184, Signed: 1795000190, AsOf: 1795000180, Expires: 1795086590}
}

func newKeys(t testing.TB, name string) (SigningKey, VerifyKey) {
	t.Helper()
	private, public, err := NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func TestSignAndOpen(t *testing.T) {
	t.Parallel()
	private, public := newKeys(t, "zonecast.example")
	_, other := newKeys(t, "other.example")
	signed, err := Sign(testHead(), private)
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]VerifyKey{{public}, {other, public}} {
		if h, err := Open(signed, keys); err != nil || h != testHead() {
			t.Errorf("got %+v, %v", h, err)
		}
	}
	if h, err := Peek(signed); err != nil || h != testHead() {
		t.Errorf("peek: %+v, %v", h, err)
	}
	if _, err := Peek([]byte("rubbish")); !errors.Is(err, ErrFormat) {
		t.Errorf("peek at rubbish: %v", err)
	}
	for _, keys := range [][]VerifyKey{nil, {other}, {"junk"}, make([]VerifyKey, maxKeys+1)} {
		if _, err := Open(signed, keys); !errors.Is(err, ErrSignature) {
			t.Errorf("keys %v: %v, want ErrSignature", keys, err)
		}
	}
	tampered := []byte(strings.Replace(string(signed), "version 1795000184", "version 1795000185", 1))
	if _, err := Open(tampered, []VerifyKey{public}); !errors.Is(err, ErrSignature) {
		t.Errorf("tampered: %v, want ErrSignature", err)
	}
	if _, err := Open(append(signed, make([]byte, MaxHead)...), []VerifyKey{public}); !errors.Is(err, ErrFormat) {
		t.Errorf("too large: %v, want ErrFormat", err)
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	private, _ := newKeys(t, "zonecast.example")
	for name, change := range map[string]func(*Head){
		"stream with a line break": func(h *Head) { h.Stream = "a\nb" },
		"no stream":                func(h *Head) { h.Stream = "" },
		"long stream":              func(h *Head) { h.Stream = strings.Repeat("a", MaxStream+1) },
		"bad seed":                 func(h *Head) { h.Base.Seed = "XY" },
		"negative time":            func(h *Head) { h.AsOf = -1 },
	} {
		h := testHead()
		change(&h)
		if _, err := Sign(h, private); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
	if _, err := Sign(testHead(), "junk"); err == nil {
		t.Error("a junk key signs")
	}
}

// signText signs any text, as a faulty or newer publisher might.
func signText(t testing.TB, text string, key SigningKey) []byte {
	t.Helper()
	signer, err := note.NewSigner(string(key))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestOpenReadsStrictly(t *testing.T) {
	t.Parallel()
	private, public := newKeys(t, "zonecast.example")
	text, err := testHead().text()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		old, new string
		want     error
	}{
		"as it is":             {"", "", nil},
		"unknown key":          {"epoch 1\n", "mood good\nepoch 1\n", nil},
		"unknown key twice":    {"epoch 1\n", "mood good\nmood bad\nepoch 1\n", ErrFormat},
		"newer reader":         {"min-reader 1\n", "min-reader 2\nwhatever comes\n", ErrReader},
		"duplicate":            {"epoch 1\n", "epoch 1\nepoch 1\n", ErrFormat},
		"missing":              {"epoch 1\n", "", ErrFormat},
		"last missing":         {"expires 1795086590\n", "", ErrFormat},
		"order":                {"epoch 1\nversion 1795000184\n", "version 1795000184\nepoch 1\n", ErrFormat},
		"no value":             {"epoch 1\n", "epoch\n", ErrFormat},
		"leading zero":         {"epoch 1\n", "epoch 01\n", ErrFormat},
		"sign":                 {"epoch 1\n", "epoch +1\n", ErrFormat},
		"negative":             {"signed 1795000190\n", "signed -1\n", ErrFormat},
		"overflow":             {"epoch 1\n", "epoch 18446744073709551616\n", ErrFormat},
		"two spaces":           {"epoch 1\n", "epoch  1\n", ErrFormat},
		"hash in upper case":   {"base-sha256 05", "base-sha256 0A", ErrFormat},
		"short hash":           {"base-sha256 05", "base-sha256 ", ErrFormat},
		"another note":         {"zonecast-head 1\n", "zonecast-thing 1\n", ErrFormat},
		"head without its key": {"zonecast-head 1\n", "", ErrFormat},
	} {
		changed := strings.Replace(text, c.old, c.new, 1)
		if c.old != "" && changed == text {
			t.Fatalf("%s changes nothing in\n%s", name, text)
		}
		if _, err := Open(signText(t, changed, private), []VerifyKey{public}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestNewer(t *testing.T) {
	t.Parallel()
	order := []Head{{Epoch: 1, Version: 9, Signed: 9}, {Epoch: 2, Version: 1, Signed: 5}, {Epoch: 2, Version: 1, Signed: 6}, {Epoch: 2, Version: 2, Signed: 1}}
	for i := range order {
		for j := range order {
			if got := order[i].Newer(order[j]); got != (i > j) {
				t.Errorf("%d newer than %d: %v", i, j, got)
			}
		}
	}
}

func TestSigningKeyHides(t *testing.T) {
	t.Parallel()
	private, public := newKeys(t, "zonecast.example")
	if s := private.String() + private.GoString(); strings.Contains(s, string(private)) || len(s) > 80 {
		t.Errorf("prints as %s", s)
	}
	if private.Check() != nil || public.Check() != nil || SigningKey("x").Check() == nil || VerifyKey("x").Check() == nil {
		t.Error("Check mistakes a key")
	}
	if _, _, err := NewKey("two words"); err == nil {
		t.Error("a name with a space is taken")
	}
}

func FuzzHead(f *testing.F) {
	text, err := testHead().text()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("zonecast-head 1\nmin-reader 2\n")
	private, public := newKeys(f, "zonecast.example")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Open([]byte(text), []VerifyKey{public}); err == nil {
			t.Fatal("opened without a signature")
		}
		h, err := parseHead(text)
		if err != nil {
			return
		}
		signed, err := Sign(h, private)
		if err != nil {
			t.Fatalf("read, but does not sign: %v", err)
		}
		if again, err := Open(signed, []VerifyKey{public}); err != nil || again != h {
			t.Fatalf("again %+v, %v; want %+v", again, err, h)
		}
	})
}
