package follow

import "context"

// broken tells whether the base in force cannot be read any more.
func (f *Follower) broken() bool { return f.now != nil && f.now.Base.Err() != nil }

// untilBroken gives a context that ends when the base in force breaks: then there is nothing more urgent. end it.
func (f *Follower) untilBroken(ctx context.Context) (round context.Context, end context.CancelFunc) {
	round, cancel := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-f.broke:
			cancel()
		case <-round.Done():
		}
	}()
	return round, func() { cancel(); <-watching }
}

// fallBack puts in force what can still be read, when what was in force cannot (P5): the same release if its files are sound
// at their names, or the base before and what follows it. Else there is nothing until the source gives it again, and
// nothing is said rather than something wrong.
func (f *Follower) fallBack() {
	lost := f.now.Base.Err()
	f.log.Error("the base in force cannot be used any more; looking for another", "version", f.now.Head.Version,
		"base", f.now.Base.Point.Version, "folder", f.cfg.Dir, "err", lost)
	f.events.Broken(lost)
	f.abandonMove()
	was := f.now.Head
	f.now, f.signed = nil, nil
	f.slot.Swap(nil)
	err := f.load()
	switch {
	case err != nil:
		f.log.Error("nothing can be served until the source gives the release again", "folder", f.cfg.Dir, "err", err)
		f.events.Lost(err)
	case f.now.Head != was:
		f.log.Warn("an older release is served for the time being", "version", f.now.Head.Version, "lost", was.Version)
	}
}
