package check

// policyCodes are those of policy.yaml, and what its rules find.
var policyCodes = []Code{
	e("bad-network", "what cidr is asked about is no network, or not written out", "write it in quotes: \"192.0.2.0/24\"", Policy),
	e("bad-rule-name", "a rule's name has other characters than a to z, 0 to 9 and -", "rename it", Policy),
	e("duplicate-rule", "two rules have one name", "rename one", Policy),
	e("policy", "a change breaks a rule of policy.yaml, whose message says what it wants", "change the record, or the rule in a review of its own", Policy),
	e("side-absent", "an expression asks for what was before, or comes after, where there is none", "ask only where the change is one that has it", Policy),
	e("unknown-field", "an expression names what a change does not have", "mend the name: docs/policy.md lists them", Policy),
}
