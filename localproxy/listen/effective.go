package listen

// Effective gives the limits as they apply: with the default where a field is zero.
func (l Limits) Effective() Limits { return l.withDefaults() }
