package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

func chunkKey(prefix, path string, i int) string { return fmt.Sprintf("%s%s#%04d", prefix, path, i) }

func infoOf(f checkout.File, commit, author string) row.FileInfo {
	return row.FileInfo{Commit: commit, Author: author, SHA256: Hash(f.Data), Size: len(f.Data), Chunks: (len(f.Data) + chunkSize - 1) / chunkSize}
}

// Hash is the SHA-256 of a file's text, hex.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// putChunks writes a text and removes the chunks that a longer one left.
func putChunks(tx Tx, prefix string, f checkout.File, had int) {
	n := 0
	for data := range slices.Chunk(f.Data, chunkSize) {
		tx.Put(chunkKey(prefix, f.Path, n), data)
		n++
	}
	for ; n < had; n++ {
		tx.Delete(chunkKey(prefix, f.Path, n))
	}
}

func chunks(t interface{ Get(string) ([]byte, bool) }, prefix, path string, info row.FileInfo) ([]byte, error) {
	if info.Size < 0 || info.Size > checkout.MaxFile || info.Chunks != (info.Size+chunkSize-1)/chunkSize {
		return nil, fmt.Errorf("%w: %s: %d octets in %d chunks", ErrCorrupt, path, info.Size, info.Chunks)
	}
	data := make([]byte, 0, info.Size)
	for i := range info.Chunks {
		part, ok := t.Get(chunkKey(prefix, path, i))
		if !ok {
			return nil, fmt.Errorf("%w: %s: chunk %d is missing", ErrCorrupt, path, i)
		}
		data = append(data, part...)
	}
	if Hash(data) != info.SHA256 {
		return nil, fmt.Errorf("%w: %s: the text does not have its hash", ErrCorrupt, path)
	}
	return data, nil
}

// Sorted sorts files by path, and gives them.
func Sorted(files []checkout.File) []checkout.File {
	sortFiles(files)
	return files
}

func sortFiles(files []checkout.File) {
	slices.SortFunc(files, func(a, b checkout.File) int { return strings.Compare(a.Path, b.Path) })
}

func deleteChunks(tx Tx, prefix, path string, info row.FileInfo) {
	for i := range min(info.Chunks, checkout.MaxFile/chunkSize) {
		tx.Delete(chunkKey(prefix, path, i))
	}
}
