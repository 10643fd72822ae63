package follow

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Bounds of waiting at mirrors that serve as many as they can: a fleet that starts, or a release that is a base, brings
// all hosts at once.
const (
	queueFor   = 2 * time.Minute // then the follower looks for a newer head first
	leastAfter = time.Second
	mostAfter  = 30 * time.Second
)

// busyError is a mirror that wants to be asked later. Who waits does so for one to three times as long, drawn by lot.
type busyError struct{ after time.Duration }

func (e *busyError) Error() string { return fmt.Sprintf("busy; asked to come back after %v", e.after) }

// busyUntil reads Retry-After in seconds (RFC 9110 10.2.3).
func busyUntil(response *http.Response) error {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil {
		return &busyError{leastAfter}
	}
	return &busyError{min(max(time.Duration(seconds)*time.Second, leastAfter), mostAfter)}
}
