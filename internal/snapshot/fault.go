package snapshot

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// ErrFault is a mapping that cannot be read any more: its file was cut short, or its disk fails or is gone. The kernel tells
// whoever reads such a page by SIGBUS, which ends a process that is not prepared for it.
var ErrFault = errors.New("a mapped snapshot cannot be read any more (cut short, or its disk fails)")

// Guard runs f, which reads the snapshot, and gives ErrFault if that faults. Every other panic goes on. It covers f's
// own goroutine, with the iterators it pulls from.
func (s *Snapshot) Guard(f func() error) error { return guard(s.data, f) }

// Faulted tells what a recovered panic was: ErrFault for a fault at an address of this snapshot's mapping, else nil, and
// then it is nobody's to recover from. Only goroutines that called debug.SetPanicOnFault get so far.
func (s *Snapshot) Faulted(recovered any) error { return faulted(s.data, recovered) }

func guard(data []byte, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if err = faulted(data, r); err == nil {
				panic(r)
			}
		}
	}()
	return f()
}

func faulted(data []byte, recovered any) error {
	fault, ok := recovered.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok || len(data) == 0 {
		return nil
	}
	// Below the mapping the difference wraps around and is as far outside as above it.
	at := fault.Addr() - uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	if at >= uintptr(len(data)) {
		return nil
	}
	return fmt.Errorf("%w: octet %d of %d", ErrFault, at, len(data))
}
