package rules

import "time"

// paceEvery is the shortest time between the starts of two commits while writers crowd. Each commit costs every server of
// an ensemble a transaction and every stage behind a step of its own; at a hundred events a second one commit for two or
// three of them halves that, and answers come sooner for it.
const paceEvery = 20 * time.Millisecond

// crowdFor is how long after a commit that several writers shared they count as a crowd. One writer that waits for each
// answer is none, and is never kept waiting.
const crowdFor = time.Second

// pace spaces commits out under load. The zero value is ready.
type pace struct {
	started time.Time // of the last commit
	crowded time.Time // when a commit was last shared
}

// wait is how long to collect more before the next commit.
func (p *pace) wait(now time.Time) time.Duration {
	if now.Sub(p.crowded) > crowdFor {
		return 0
	}
	return max(0, p.started.Add(paceEvery).Sub(now))
}

// commit notes that one begins for so many writers.
func (p *pace) commit(now time.Time, writers int) {
	p.started = now
	if writers > 1 {
		p.crowded = now
	}
}
