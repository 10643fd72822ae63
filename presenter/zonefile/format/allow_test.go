package format

import (
	"strings"
	"testing"
)

// Exceptions move with their records, and are kept.
func TestExceptionsAreKept(t *testing.T) {
	t.Parallel()
	const text = `www: {type: CNAME, value: later.example.com., zonecast: {allow: [{check: missing-target, reason: "comes with CHG-9"}]}}
'': [{type: SOA, zonecast: {allow: [{check: no-ns, reason: "served from the parent"}, {check: expired, reason: x}]}}]
`
	out, err := Format("example.com.yaml", []byte(text))
	if err != nil || !strings.Contains(string(out), "reason: comes with CHG-9") || !strings.HasPrefix(string(out), "''") {
		t.Errorf("%v\n%s", err, out)
	}
}
