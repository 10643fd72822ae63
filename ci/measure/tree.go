package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is what /proc counts CPU time in: USER_HZ is 100 a second on every Linux of today.
const clockTick = 10 * time.Millisecond

// Tree lists a process and all that it and its children started and that still run.
func Tree(pid int) []int {
	children := map[int][]int{}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		if f := statFields(path); len(f) > 2 {
			parent, _ := strconv.Atoi(f[1])
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			children[parent] = append(children[parent], child)
		}
	}
	list := []int{pid}
	for i := 0; i < len(list); i++ {
		list = append(list, children[list[i]]...)
	}
	return list
}

// statFields gives the fields of a /proc/PID/stat from the state on: proc(5)'s field 3 is the first.
func statFields(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // it has ended
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold blanks
	return strings.Fields(rest)
}

// CPU is the time, of user and system together, that the processes and their threads have used.
func CPU(pids []int) time.Duration {
	var ticks int64
	for _, pid := range pids {
		f := statFields(fmt.Sprintf("/proc/%d/stat", pid))
		if len(f) < 13 {
			continue
		}
		for _, field := range f[11:13] { // utime and stime
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick
}

// Resident is the memory of the processes in octets: the sum of their proportional set sizes, so that what several of
// them share, or map from the same file, counts once. anonymous is the part of it that no file backs.
func Resident(pids []int) (all, anonymous int64) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			switch key {
			case "Pss":
				all += kib << 10
			case "Pss_Anon":
				anonymous += kib << 10
			}
		}
	}
	return all, anonymous
}
