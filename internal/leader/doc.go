// Package leader elects the one process that writes for a stage: an ephemeral node under /leaders.
//
// In: candidates, each with its Info. Out: at most one running lead function per name, as far as sessions can
// tell; what makes two of them harmless is the fence in each commit (P4), not this package. A leader steps down when its session ends,
// and when its node is gone or is another's. A candidate that finds its own instance id in the node, left by its former
// life, removes it and need not wait for the session to expire.
//
// When the floor below fails: a store that does not answer is asked again with growing, jittered pauses of at most
// maxPause (P9); a leader goes on as long as its session lives.
package leader
