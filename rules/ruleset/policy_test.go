package ruleset

import (
	"slices"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/policy"
)

// A policy.yaml is no module; a broken one, also one whose tests fail, keeps its last good text (P3).
func TestPolicyInAFolder(t *testing.T) {
	t.Parallel()
	good := "policy:\n  - {name: one, when: 'ttl < 60', message: 'no'}\n"
	for text, problem := range map[string]string{
		good: "",
		"policy:\n  - {name: one, when: 'tll < 60', message: 'no'}\n":                                                "unknown-field",
		"policy:\n  - {name: one, when: 'ttl < 60', message: 'no', tests: [{given: {ttl: 60}, expect: violated}]}\n": "test-failed",
	} {
		for _, last := range []map[string][]byte{nil, {policy.File: []byte(good)}} {
			opt := testOptions
			opt.LastGood = last
			r, problems := Load([]checkout.File{testKinds(t), {Path: policy.File, Data: []byte(text)}}, opt)
			f := r.Files[policy.File]
			if problem == "" {
				if len(problems) > 0 || r.Policy == nil || string(f.Data) != text || f.Held {
					t.Errorf("%s: %v, %+v", text, problems, f)
				}
				continue
			}
			if len(problems) != 1 || problems[0].Check != problem || !slices.Equal(r.Broken(), []string{policy.File}) {
				t.Errorf("%s: %v", text, problems)
			}
			if (r.Policy != nil) != (last != nil) || f.Held != (last != nil) || last != nil && string(f.Data) != good {
				t.Errorf("%s: last good %v: %+v", text, last != nil, f)
			}
		}
	}
}
