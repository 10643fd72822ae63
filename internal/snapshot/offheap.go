package snapshot

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// largePage is that of most processors, in octets. Lookups at random places of a large table wait for the processor's
// table of pages as much as for the memory, and large pages make that table small.
const largePage = 2 << 20

// offHeap gives zeroed memory that the garbage collector neither scans nor counts, aligned to a page, and what gives
// it back. Memory never written to costs nothing. When the system has no mapping to give, it is of the heap.
func offHeap(octets int) (words []uint64, free func()) {
	mapped, err := unix.Mmap(-1, 0, max(octets, 8), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return make([]uint64, (max(octets, 8)+7)/8), func() {}
	}
	if octets >= 2*largePage {
		_ = unix.Madvise(mapped, unix.MADV_HUGEPAGE) // where it is refused, small pages do
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(mapped))), len(mapped)/8), func() {
		_ = unix.Munmap(mapped) // ours, whole: it cannot fail
	}
}

// asOctets is the same memory.
func asOctets(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}
