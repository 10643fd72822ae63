// Package plan describes what a change of reviewed files would do to what is served: name by name and RRset by RRset,
// before and after, who causes it, what it shadows or brings back, and what would stop it. The stages answer what
// their part would do (Ask, Line); `zonecast plan` puts the parts together, shows them, and writes a file that a push may
// be held to (Drift). It looks at nothing itself: texts, rows and stages are other people's.
package plan
