package snapshot

import "encoding/binary"

// arena holds keys and bodies in large pieces without pointers: ten million names are a few hundred objects to the
// garbage collector.
type arena struct{ chunks [][]byte }

const arenaChunk = 4 << 20

// put stores a key and a body and tells where: the chunk's number and the offset in it.
func (a *arena) put(key, body []byte) uint64 {
	need := len(key) + len(body) + 2*binary.MaxVarintLen32
	if len(a.chunks) == 0 || cap(a.chunks[len(a.chunks)-1])-len(a.chunks[len(a.chunks)-1]) < need {
		a.chunks = append(a.chunks, make([]byte, 0, max(arenaChunk, need)))
	}
	last := len(a.chunks) - 1
	chunk := a.chunks[last]
	at := uint64(last)<<32 | uint64(len(chunk))
	chunk = binary.AppendUvarint(chunk, uint64(len(key)))
	chunk = append(chunk, key...)
	chunk = binary.AppendUvarint(chunk, uint64(len(body)))
	a.chunks[last] = append(chunk, body...)
	return at
}

func (a *arena) key(at uint64) []byte {
	key, _ := field(a.chunks[at>>32][uint32(at):])
	return key
}

func (a *arena) body(at uint64) []byte {
	_, rest := field(a.chunks[at>>32][uint32(at):])
	body, _ := field(rest)
	return body
}

func field(b []byte) (value, rest []byte) {
	size, n := uvarint(b)
	return b[n : n+int(size)], b[n+int(size):]
}
