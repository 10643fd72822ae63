package process

import "time"

// LivedWell has a program count as well after d.
func (p *Pool) LivedWell(d time.Duration) { p.well = d }
