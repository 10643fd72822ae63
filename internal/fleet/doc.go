// Package fleet knows the local proxies: each leaves in the store what it serves and how it fares, and anybody reads
// how many are on which version, who lags and who is gone.
//
// In: reports of proxies, through their own session with the store or, from hosts without one, over HTTP through a
// process of the pipeline (Keeper). Out: List, Summary.
//
//	/proxies/<shard>/<id>         persistent: the last report that was kept for later, so that who is gone is known
//	/proxies/<shard>/<id>/alive   ephemeral: the current report; it goes with the session that vouches for the proxy
//
// 256 shards by hash keep folders below 10,000 children up to two million hosts.
//
// Nothing waits for a report (P5): a proxy that may not write, or cannot, answers as before and tries again later.
// Writes are bounded (P9): a proxy writes at most once in Pace.Every (10 s), only when something changed, after a delay
// drawn from as long; as-of alone moves it once in six times that, and the persistent node once in ten minutes. 10,000
// hosts that follow ten releases a second make at most 1,000 writes a second of less than 512 octets, and at rest 170;
// 100,000 hosts want Every at a minute or more. A look at 10,000 proxies is as many reads: it is cached, and takes at
// most a twentieth of the time.
package fleet
