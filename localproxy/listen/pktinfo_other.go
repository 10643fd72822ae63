//go:build !linux

package listen

import (
	"errors"
	"net/netip"
)

// socketOptions: elsewhere than on Linux there are specific addresses and one socket for each, no more.
func socketOptions(_ int, _ netip.Addr, pktinfo, reusePort bool) error {
	if pktinfo || reusePort {
		return errors.New("wildcard addresses and several sockets an address need Linux")
	}
	return nil
}
