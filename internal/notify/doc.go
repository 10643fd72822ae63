// Package notify tells people what is wrong, by webhook: the alarms of internal/alarm and the decisions of
// internal/decision go to the receivers of the config, as JSON or to Alertmanager (API v2).
//
// One process of the pipeline sends, the leader of "notify"; the others stand by. It is level-triggered: every few seconds
// it compares what is wrong with what each receiver was told (table notified), and sends the difference. So a restart or a
// takeover loses nothing and repeats little, and what is over is resolved, whoever told of it. Each receiver has a goroutine
// of its own that retries with growing pauses: one that hangs holds up neither the others nor a stage. Nothing queues up:
// what waits is the newest difference, bounded as the alarms are (P9).
//
// While the store is away nothing is sent: that is for Prometheus to tell (ci/alerts).
package notify
