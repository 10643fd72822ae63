package publisher

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"zonecast/internal/durable"
	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
)

// fetchTime bounds one download of a base: the largest over a slow line.
const fetchTime = 10 * time.Minute

// fetcher gives up soon on a machine that is away: its offer goes with its session, a little later.
var fetcher = &http.Client{Transport: &http.Transport{
	DialContext:           (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
	ResponseHeaderTimeout: 10 * time.Second,
}}

var errNoOffer = errors.New("no other publisher offers it")

// fetch gets a base that cannot be made here, having nothing to begin with, from another publisher: a standby whose
// disk is new takes over as quickly then as any. The head's hash says whether it is the one meant.
func (k *keeper) fetch(ctx context.Context, want release.Base) error {
	names, err := k.st.Children(ctx, release.PathBases)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err = errNoOffer
	for _, name := range names {
		if name == k.h.Instance {
			continue
		}
		node, nerr := k.st.Get(ctx, release.OfferPath(name))
		var offer release.Offer
		if nerr != nil || json.Unmarshal(node.Data, &offer) != nil || offer.URL == "" {
			continue // gone meanwhile
		}
		if err = k.fetchFrom(ctx, offer.URL, want); err == nil {
			k.h.Log.Info("fetched a base", "stage", owner, "version", want.Version, "from", offer.URL)
			return nil
		}
	}
	return fmt.Errorf("base %d: %w", want.Version, err)
}

func (k *keeper) fetchFrom(ctx context.Context, url string, want release.Base) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/bases/%d", strings.TrimSuffix(url, "/"), want.Version), nil)
	if err != nil {
		return err
	}
	res, err := fetcher.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL, res.Status)
	}
	return k.shelf.put(want, res.Body)
}

// put keeps a base that came from elsewhere, once it is known to be the one meant.
func (s *shelf) put(want release.Base, from io.Reader) error {
	part, err := os.CreateTemp(s.dir, ".fetch.tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	defer part.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(part, sum), io.LimitReader(from, want.Size+1))
	switch {
	case err != nil:
		return err
	case n != want.Size || release.Hash(sum.Sum(nil)) != want.SHA256:
		return fmt.Errorf("%d octets with hash %x, not %d with %s", n, sum.Sum(nil), want.Size, want.SHA256)
	}
	if faults := snapshot.Fsck(part.Name()); len(faults) > 0 {
		return errors.Join(faults[:min(5, len(faults))]...)
	}
	if err := errors.Join(part.Chmod(0o644), part.Sync(), os.Rename(part.Name(), s.path(want.Version))); err != nil {
		return err
	}
	return durable.SyncDir(s.dir)
}
