package release

import "testing"

// TestFormatStaysAsItIs: what publishers sign and link, every proxy must read the same way. A change needs a new
// ReaderVersion.
func TestFormatStaysAsItIs(t *testing.T) {
	t.Parallel()
	text, err := testHead().text()
	if err != nil {
		t.Fatal(err)
	}
	const want = `zonecast-head 1
min-reader 1
stream stable
epoch 1
version 1795000184
chain 0102030000000000000000000000000000000000000000000000000000000000
base-version 1795000100
base-chain 0400000000000000000000000000000000000000000000000000000000000000
base-sha256 0500000000000000000000000000000000000000000000000000000000000000
base-size 1099511627776
base-zones 3
base-names 7
base-records 9
base-seed 000102030405060708090a0b0c0d0e0f
released 1795000184
signed 1795000190
as-of 1795000180
expires 1795086590
`
	if text != want {
		t.Errorf("a head is now\n%s", text)
	}
	if got := Link(Hash{1}, 2, 3, Hash{4}).String(); got != chainSample {
		t.Errorf("a link is now %s", got)
	}
}

// chainSample is SHA-256 of "zonecast chain 1\n", 01 00…, epoch 2, version 3, 04 00…, worked out by other means.
const chainSample = "e6829ab4812b68cb179192e9cab05762746db232d7196cc08713d25c7425e54f"
