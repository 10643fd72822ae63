// Package policy judges changes of records by rules that people write in policy.yaml of a rules folder: conditions in
// the expression language over one changed RRset, with a message, exceptions and tests. `zonecast check`, plans and the
// publisher's gates judge by the same code.
//
// In: the text of one policy.yaml, and Changes. Out: problems of the text with file, line and column; Findings of a change.
//
// Promises: P3, a broken file gives problems and no policy, so that whoever loads it keeps the last good one; P9, rules,
// texts and what an expression may cost are bounded, and expressions cannot loop. A rule that cannot be evaluated is a finding of
// its own severity: what cannot be judged does not pass. No policy costs nothing: a nil Judge finds nothing.
//
// docs/policy.md is the manual.
package policy
