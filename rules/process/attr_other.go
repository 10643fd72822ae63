//go:build unix && !linux

package process

import "syscall"

// attributes puts the program into a group of its own. Should zonecast be killed, its standard input ends.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// awaitExit cannot wait here without collecting: the end of the program's standard output has to do.
func awaitExit(_ int, read <-chan struct{}) { <-read }
