// Package check knows every check there is: its code, how bad it is, what it is about, what is wrong and how to mend it. A code
// that reaches a zone.Problem or a row.Held and is not listed here, or is listed and used nowhere, fails a test of this
// package, which reads the source: see source_test.go for where it looks. docs/checks.md is written from here.
package check

import (
	"slices"
	"strings"

	"zonecast/internal/zone"
)

// Area is what a check is about.
type Area string

// The areas, in the order in which they are listed.
const (
	Config    Area = "config"    // zonecast.yaml
	Files     Area = "files"     // what lies in the folders, before anything is read of it
	Zones     Area = "zones"     // zone files
	Rules     Area = "rules"     // kinds, modules and their tests
	Inventory Area = "inventory" // lists and events, and what modules make of their entities
	Merged    Area = "merged"    // what comes out when zones and generated records meet
	Loading   Area = "loading"   // files on their way into the tables: found when they are loaded, held
	Policy    Area = "policy"    // policy.yaml, and changes that break its rules
	Gates     Area = "gates"     // what would be released
	Master    Area = "master"    // zone files as BIND has them (RFC 1035)
	Import    Area = "import"    // zones of other servers that become zone files
)

// Areas lists them.
var Areas = []Area{Config, Files, Zones, Rules, Inventory, Merged, Loading, Policy, Gates, Master, Import}

// pages is where an area's checks are described.
var pages = map[Area]string{
	Config: "docs/config.md", Files: "docs/checks.md", Zones: "docs/zones.md", Rules: "docs/rules.md", Inventory: "docs/rules.md", Merged: "docs/zones.md",
	Loading: "docs/held.md", Policy: "docs/policy.md", Gates: "docs/held.md", Master: "docs/checks.md", Import: "docs/moving.md",
}

// Code is one check.
type Code struct {
	Code     string        `json:"code"`     // stable: lower case with hyphens
	Severity zone.Severity `json:"severity"` // unless the config says otherwise
	About    []Area        `json:"about"`    // the first is the main one
	Text     string        `json:"text"`     // one line: what is wrong
	Fix      string        `json:"fix"`      // one line: how to mend it
}

// Page is where the check is described, as a path in the project.
func (c Code) Page() string { return pages[c.About[0]] }

// Excusable tells whether an exception in a zone file, or the config, may silence the check: what cannot be served
// cannot be excused.
func (c Code) Excusable() bool { return c.Severity == zone.Warning || c.Code == "policy" }

// All gives every check, sorted by area and code.
func All() []Code {
	all := slices.Concat(configCodes, fileCodes, zoneCodes, ruleCodes, inventoryCodes, mergedCodes, loadingCodes, policyCodes, gateCodes, masterCodes, importCodes)
	slices.SortFunc(all, func(a, b Code) int {
		if d := slices.Index(Areas, a.About[0]) - slices.Index(Areas, b.About[0]); d != 0 {
			return d
		}
		return strings.Compare(a.Code, b.Code)
	})
	return all
}

// Find gives a check by its code. Rules of a policy stand under the one code policy: policy-NAME is it too.
func Find(code string) (Code, bool) {
	if strings.HasPrefix(code, "policy-") {
		code = "policy"
	}
	for _, c := range All() {
		if c.Code == code {
			return c, true
		}
	}
	return Code{}, false
}

// e and w make an entry of the lists: an error, a warning.
func e(code, text, fix string, about ...Area) Code {
	return Code{code, zone.Error, about, text, fix}
}

func w(code, text, fix string, about ...Area) Code {
	return Code{code, zone.Warning, about, text, fix}
}
