package snapshot

import "testing"

// TestSipHash13 uses what CPython (3.11 and newer, where hash() of octets is SipHash-1-3) gives under the zero key,
// PYTHONHASHSEED=0.
func TestSipHash13(t *testing.T) {
	t.Parallel()
	var all [29]byte
	for i := range all {
		all[i] = byte(i)
	}
	for input, want := range map[string]uint64{
		"a": 0x407448d2b89b1813, "example": 0xcf5a8cd89871f5e5,
		string(all[1:9]): 0x884ccc87cb0e5fb0, string(all[:]): 0xbe98eb2faf0a0e85,
	} {
		if got := newHasher(Seed{}).sum([]byte(input)); got != want {
			t.Errorf("%q: %#x, want %#x", input, got, want)
		}
	}
}
