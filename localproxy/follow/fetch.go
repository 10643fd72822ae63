package follow

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

// maxBase bounds a base file, in octets: a hundred million records have room in it.
const maxBase = 64 << 30

// fetchBlock is what is written at once, in octets: a large page, as where bases are compiled (file systems keep a file
// in the pages it was written in, and lookups in large ones wait for less).
const fetchBlock = 2 << 20

// fetch completes the file at path from the source, going on where an earlier try broke off. Its content is verified
// by openBase.
func fetch(ctx context.Context, source Source, b release.Base, path string) error {
	if b.Size <= 0 || b.Size > maxBase {
		return refuse(ReasonBase, "base %d of %d octets", b.Version, b.Size)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have > b.Size {
		if err := out.Truncate(0); err != nil {
			return err
		}
		if have, err = out.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	if have < b.Size {
		blocks := bufio.NewWriterSize(out, fetchBlock)
		err := source.FetchBase(ctx, b, have, blocks)
		if err := errors.Join(err, blocks.Flush()); err != nil { // what came before it broke off is kept
			return err
		}
	}
	return out.Close()
}

// makeOwn writes a base from what is served, and leaves it where fetch finds it whole, if it is the base that was
// announced: a new epoch mostly begins with the content of the old one, and would else bring every host to the publishers
// at once.
func (f *Follower) makeOwn(b release.Base) {
	path := f.folder.Part(b)
	if _, err := os.Stat(path); err == nil {
		return // a download that broke off
	}
	seed, err := parseSeed(b.Seed)
	if err != nil {
		return // fetch says what is wrong with it
	}
	defer room.take()()
	stat, err := f.now.View.Compile(seed, path)
	f.now.Base.BreakOn(err)
	if err == nil && stat.SHA256 == b.SHA256.String() {
		return
	}
	if rerr := os.Remove(path); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
		f.log.Error("remove a base of other content", "err", rerr)
	}
}

// openBase verifies a file against what was announced, octet by octet, and opens it.
func openBase(b release.Base, path string) (*snapshot.Snapshot, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, in)
	if err != nil {
		return nil, err
	}
	if size != b.Size || release.Hash(hash.Sum(nil)) != b.SHA256 {
		return nil, refuse(ReasonBase, "base %d: %d octets with SHA-256 %x; announced: %d, %s", b.Version, size, hash.Sum(nil), b.Size, b.SHA256)
	}
	snap, err := snapshot.Open(path)
	if err != nil {
		return nil, refuse(ReasonBase, "base %d: %w", b.Version, err)
	}
	seed := snap.Seed()
	if st := snap.Counts(); st.Zones != b.Zones || st.Names != b.Names || st.Records != b.Records || hex.EncodeToString(seed[:]) != b.Seed {
		err := refuse(ReasonBase, "base %d: %d zones, %d names, %d records, seed %x; announced: %d, %d, %d, %s", b.Version,
			st.Zones, st.Names, st.Records, seed, b.Zones, b.Names, b.Records, b.Seed)
		return nil, errors.Join(err, snap.Close())
	}
	return snap, nil
}

// parseSeed reads a seed's hex digits.
func parseSeed(text string) (seed snapshot.Seed, err error) {
	if len(text) != hex.EncodedLen(len(seed)) {
		return seed, fmt.Errorf("seed of %d hex digits", len(text))
	}
	_, err = hex.Decode(seed[:], []byte(text))
	return seed, err
}
