// Package zk keeps the store's tree in a ZooKeeper ensemble (3.6 or newer).
//
// In: the operations of package store. Out: the same, from a real ensemble, with what the client library
// (go-zookeeper/zk) leaves open filled in: contexts, sizes checked before sending, back-off with jitter, a new session
// after an expiry, and watches that cannot be lost for longer than 5 s.
//
// Connections. One link carries the session that counts: writes, ephemeral nodes, watches and single reads, in
// the order of the calls. The other links are for GetMany alone, which syncs each before it reads, so that no read is
// older than what this Store has seen. Each link holds one library connection per session: when a session ends, its
// connection is given up and the next one starts from nothing, so no request can slip from one session into another.
//
// Sessions end in two ways: the server says so, or our own monotonic clock says that we have heard nothing
// for two thirds of the time-out, in which case the server may soon give our ephemeral nodes up. The leader on
// this side stops before another one starts.
//
// Promises kept: P4 (versions in the same transaction), P9 (sizes, requests in flight, time, pauses).
//
// When the floor below fails: reads are repeated until their context ends or request_timeout has passed
// (store.ErrUnavailable). Writes wait for a connection in the same way, but once sent they are not repeated:
// store.ErrAmbiguous.
package zk
