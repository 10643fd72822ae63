package ruleset

import (
	"testing"

	"zonecast/internal/checkout"
)

// What can be seen wrong with pool and number is seen when the module is loaded.
func TestPoolAndNumberTraps(t *testing.T) {
	t.Parallel()
	for keys, check := range map[string]string{
		"pool: {at_most: 8, keep_last: 1, sticky: true, rotate: cyclic, order: hostname, weight: cpus}": "",
		"pool: {rotate: random}":                             "",
		"pool: {at_most: 0}":                                 "bad-pool",
		"pool: {at_most: 201}":                               "bad-pool",
		"pool: {at_most: '8'}":                               "bad-pool",
		"pool: {keep_last: 2, at_most: 1}":                   "bad-pool",
		"pool: {sticky: true}":                               "bad-pool",
		"pool: {keep_last: 1, weight: cpus}":                 "bad-pool",
		"pool: {rotate: sometimes}":                          "bad-pool",
		"pool: {atmost: 1}":                                  "unknown-key",
		"pool: {at_most: 1, sticky: maybe}":                  "wrong-type",
		"pool: {at_most: 1, order: roles}":                   "expression-type",
		"pool: {at_most: 1, weight: hostname}":               "expression-type",
		"pool: {at_most: 1, order: nowhere}":                 "unknown-attribute",
		"number: {of: site}":                                 "",
		"number: {of: site, grace: 0}":                       "",
		"number: {of: site, grace: 36h}":                     "",
		"number: {of: site, grace: 1 day}":                   "bad-number",
		"number: {of: site, grace: -1h}":                     "bad-number",
		"number: {of: site, grace: 9000h}":                   "bad-number",
		"number: {of: site, grace: 1ms}":                     "bad-number",
		"number: {grace: 1h}":                                "missing-key",
		"number: {of: cpus}":                                 "expression-type",
		"number: {of: 'string(n)'}":                          "unknown-attribute",
		"number: {of: site, keep: 1}":                        "unknown-key",
		"number: {of: site}, when: 'n < 3'":                  "",
		"pool: {at_most: 1, order: 'n'}":                     "unknown-attribute",
		"number: {of: site}, pool: {at_most: 1, order: 'n'}": "",
		"when: 'n < 3'":                                      "unknown-attribute",
	} {
		module := "module: traps\nkind: server\nrecords:\n  - {name: 'x.example.', type: A, value: '{ipv4}', " + keys + "}\n"
		_, problems := Load([]checkout.File{testKinds(t), {Path: "m.yaml", Data: []byte(module)}}, testOptions)
		if check == "" && len(problems) != 0 || check != "" && (len(problems) == 0 || problems[0].Check != check) {
			t.Errorf("%s\ngives %v, want %q", keys, problems, check)
		}
	}
}

// A kind whose attribute numbers is something else cannot have numbered roles.
func TestTheAttributeNumbersHasAForm(t *testing.T) {
	t.Parallel()
	for numbers, good := range map[string]bool{
		"{list: {of: label, number: int}, optional: true}":     true,
		"{list: {of: string, number: int}}":                    true,
		"{list: int, optional: true}":                          false,
		"{list: {of: label, number: label}}":                   false,
		"{list: {of: label, number: int, why: string}}":        false,
		"{list: {of: {type: label, default: x}, number: int}}": true,
		"int": false,
	} {
		kinds := "kinds:\n  server:\n    ipv4: ipv4\n    numbers: " + numbers + "\n"
		module := "module: m\nkind: server\nrecords:\n  - {name: 'x-{n}.example.', type: A, value: '{ipv4}', number: {of: id}}\n"
		_, problems := Load([]checkout.File{{Path: KindsFile, Data: []byte(kinds)}, {Path: "m.yaml", Data: []byte(module)}}, testOptions)
		if good != (len(problems) == 0) || !good && problems[0].Check != "bad-number" {
			t.Errorf("numbers: %s gives %v", numbers, problems)
		}
	}
}
