package rules

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	var p pace
	for i := range 3 { // one writer, who waits for each answer
		if wait := p.wait(now); wait != 0 {
			t.Fatalf("commit %d of a single writer waits %v", i, wait)
		}
		p.commit(now, 1)
		now = now.Add(5 * time.Millisecond)
	}
	p.commit(now, 2)
	now = now.Add(8 * time.Millisecond)
	if wait := p.wait(now); wait != paceEvery-8*time.Millisecond {
		t.Errorf("in a crowd: %v", wait)
	}
	if wait := p.wait(now.Add(time.Hour)); wait != 0 {
		t.Errorf("long after: %v", wait)
	}
	now = now.Add(crowdFor)
	p.commit(now, 1)
	if wait := p.wait(now.Add(time.Millisecond)); wait != 0 {
		t.Errorf("the crowd has gone: %v", wait)
	}
}
