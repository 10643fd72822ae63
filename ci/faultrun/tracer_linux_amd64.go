package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// disk is the fault injector of one process: it stops the process at every system call, as strace does, counts those
// that change files below a folder, and has one of them, or all from one on, fail. strace itself counts by thread,
// and a Go program changes threads as it likes: positions would not mean anything.
type disk struct {
	mu     sync.Mutex
	below  string // path prefix; "": nothing is counted
	at     int    // the position that fails, from 1; 0: none
	sticky bool   // and all after it, until heal
	errno  syscall.Errno
	count  int
	hit    string // the first call that failed
}

// fail arms the injector and counts from here.
func (d *disk) fail(below string, at int, sticky bool, errno syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.below, d.at, d.sticky, d.errno, d.count, d.hit = below, at, sticky, errno, 0, ""
}

// heal has everything work again.
func (d *disk) heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = 0
}

// struck gives the call that failed, "" if none has.
func (d *disk) struck() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hit
}

// counted are the calls that change files. Each comes with how its path is found.
var counted = map[uint64]struct {
	name string
	path func(pid int, r *unix.PtraceRegs) string
}{
	unix.SYS_WRITE:     {"write", fdPath},
	unix.SYS_PWRITE64:  {"pwrite64", fdPath},
	unix.SYS_WRITEV:    {"writev", fdPath},
	unix.SYS_FSYNC:     {"fsync", fdPath},
	unix.SYS_FDATASYNC: {"fdatasync", fdPath},
	unix.SYS_FTRUNCATE: {"ftruncate", fdPath},
	unix.SYS_FCHMOD:    {"fchmod", fdPath},
	unix.SYS_FALLOCATE: {"fallocate", fdPath},
	unix.SYS_RENAME:    {"rename", func(pid int, r *unix.PtraceRegs) string { return text(pid, r.Rdi) }},
	unix.SYS_RENAMEAT:  {"renameat", func(pid int, r *unix.PtraceRegs) string { return text(pid, r.Rsi) }},
	unix.SYS_RENAMEAT2: {"renameat2", func(pid int, r *unix.PtraceRegs) string { return text(pid, r.Rsi) }},
	unix.SYS_MKDIRAT:   {"mkdirat", func(pid int, r *unix.PtraceRegs) string { return text(pid, r.Rsi) }},
	unix.SYS_OPENAT: {"openat", func(pid int, r *unix.PtraceRegs) string {
		if r.Rdx&unix.O_CREAT == 0 {
			return ""
		}
		return text(pid, r.Rsi)
	}},
}

func fdPath(pid int, r *unix.PtraceRegs) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, int32(r.Rdi)))
	return path
}

// text reads a path from the process's memory; a relative one is below its working folder.
func text(pid int, at uint64) string {
	var buf [512]byte
	n, _ := unix.PtracePeekData(pid, uintptr(at), buf[:])
	s, _, _ := strings.Cut(string(buf[:max(n, 0)]), "\x00")
	if !filepath.IsAbs(s) {
		cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		s = filepath.Join(cwd, s)
	}
	return s
}

// judge decides on a system call that is about to be made; 0 lets it through.
func (d *disk) judge(pid int, r *unix.PtraceRegs) syscall.Errno {
	call, ok := counted[r.Orig_rax]
	if !ok {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.below == "" {
		return 0
	}
	path := call.path(pid, r)
	if !strings.HasPrefix(path, d.below) {
		return 0
	}
	d.count++
	if d.at == 0 || d.count < d.at || d.count > d.at && !d.sticky {
		return 0
	}
	if d.hit == "" {
		d.hit = call.name + " " + strings.TrimPrefix(path, filepath.Dir(d.below)+"/")
	}
	return d.errno
}

// trace starts a command under the injector. It returns once the program runs; ended is closed when it is over.
func (d *disk) trace(cmd *exec.Cmd) (ended chan struct{}, err error) {
	started := make(chan error)
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()                                              // a tracee belongs to the thread that traces it; the thread ends with this goroutine
		cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true} // a group of its own: what is waited for is it alone
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		pid := cmd.Process.Pid
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, unix.WALL, nil) // at its exec
		if err == nil {
			err = unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_EXITKILL)
		}
		if err == nil {
			err = unix.PtraceSyscall(pid, 0)
		}
		started <- err
		if err == nil {
			d.loop(pid)
		}
	}()
	return ended, <-started
}

// loop lets the threads go from one system call to the next until the process is over.
func (d *disk) loop(main int) {
	inside := map[int]bool{}           // threads between the entry and the exit of a call
	refused := map[int]syscall.Errno{} // threads whose call is to fail at its exit
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-main, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return
		case status.Exited() || status.Signaled():
			if pid == main {
				return
			}
			delete(inside, pid)
			continue
		case !status.Stopped():
			continue
		}
		pass := 0
		switch sig := status.StopSignal(); {
		case sig == unix.SIGTRAP|0x80:
			inside[pid] = !inside[pid]
			d.stopped(pid, inside[pid], refused)
		case sig == unix.SIGTRAP, sig == unix.SIGSTOP: // a new thread
		default:
			pass = int(sig)
		}
		_ = unix.PtraceSyscall(pid, pass) // it may be gone: killed meanwhile
	}
}

// stopped handles a thread at the entry or the exit of a system call.
func (d *disk) stopped(pid int, entry bool, refused map[int]syscall.Errno) {
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(pid, &r); err != nil {
		return
	}
	if entry {
		if errno := d.judge(pid, &r); errno != 0 {
			refused[pid] = errno
			r.Orig_rax = ^uint64(0) // no such call: nothing happens
			_ = unix.PtraceSetRegs(pid, &r)
		}
		return
	}
	if errno, ok := refused[pid]; ok {
		delete(refused, pid)
		r.Rax = uint64(-int64(errno))
		_ = unix.PtraceSetRegs(pid, &r)
	}
}
