package snapshot

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysOrderAsNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawName(t), drawName(t)
		ka, kb := appendKey(nil, a), appendKey(nil, b)
		if got, want := bytes.Compare(ka, kb), a.Compare(b); (got < 0) != (want < 0) || (got > 0) != (want > 0) {
			t.Fatalf("%s and %s: keys give %d, names %d", a, b, got, want)
		}
		if bytes.HasPrefix(kb, ka) != b.Under(a) {
			t.Fatalf("%s under %s: %v", b, a, b.Under(a))
		}
		if back := nameOfKey(ka); back != a {
			t.Fatalf("%s comes back as %s", a, back)
		}
	})
}

func TestLongestKey(t *testing.T) {
	t.Parallel()
	n := name(strings.Repeat(strings.Repeat(`\000`, 63)+".", 3) + strings.Repeat(`\001`, 61) + ".")
	key := appendKey(nil, n)
	if len(n) != 255 || len(key) > maxKey || nameOfKey(key) != n {
		t.Errorf("name of %d octets, key of %d, comes back as %s", len(n), len(key), nameOfKey(key))
	}
}
