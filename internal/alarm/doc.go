// Package alarm judges what is wrong with a pipeline now, from the store alone: what `zonecast status` shows and what
// internal/notify sends. In: heads of tables and of the stream, leaders, held things, a rollback, the fleet (Facts). Out: a
// bounded list of Alarms, the worst first, the same for the same facts. It keeps nothing and writes nothing.
//
// The alarms have the names of those in ci/alerts, which Prometheus fires from metrics: README.md, section Alerting, says
// what to do for both. What only metrics know (a proxy that cannot be scraped, a store that is away) is missing here.
package alarm
