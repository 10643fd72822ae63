package zk

import (
	"errors"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// answers are the server's refusals: the request was not carried out.
var answers = []struct{ theirs, ours error }{
	{zk.ErrNoNode, store.ErrNotFound},
	{zk.ErrNodeExists, store.ErrExists},
	{zk.ErrBadVersion, store.ErrVersion},
	{zk.ErrNotEmpty, store.ErrNotEmpty},
	{zk.ErrNoChildrenForEphemerals, store.ErrEphemeral},
	{zk.ErrNoAuth, store.ErrDenied},
	{zk.ErrInvalidACL, store.ErrDenied},
	{zk.ErrShortBuffer, store.ErrTooLarge}, // the library's own, before it sends
	{zk.ErrInvalidPath, store.ErrPath},
}

// answer puts the server's words into the store's.
func answer(err error) error {
	for _, a := range answers {
		if errors.Is(err, a.theirs) {
			return a.ours
		}
	}
	return err
}

// broken tells that there was no answer: what is not a known one comes from the connection, the session or the
// library's end.
func broken(err error) bool {
	if err == nil {
		return false
	}
	for _, a := range answers {
		if errors.Is(err, a.theirs) {
			return false
		}
	}
	return true
}
