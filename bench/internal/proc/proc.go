// Package proc reads what processes cost from Linux's /proc. It only reads; a process that is gone costs nothing.
package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ, which is 100 on every Linux architecture that Go knows.
const tick = 10 * time.Millisecond

// stat is what this package needs of /proc/PID/stat.
type stat struct {
	pid, parent int
	cpu         time.Duration // own user and system time
	reaped      time.Duration // that of its children that have ended
}

// Tree gives a process and all its descendants.
func Tree(root int) []int {
	children := map[int][]int{}
	for _, s := range all() {
		children[s.parent] = append(children[s.parent], s.pid)
	}
	pids := []int{root}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	return pids
}

// CPU gives the user and system time that a process, its descendants and its ended children have used.
func CPU(root int) time.Duration {
	var total time.Duration
	for _, pid := range Tree(root) {
		if s, ok := read(pid); ok {
			total += s.cpu + s.reaped
		}
	}
	return total
}

// OwnCPU gives the user and system time of this process alone.
func OwnCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Memory gives the proportional set size of a process and its descendants in bytes: the resident set, with pages that
// several processes share (PostgreSQL's buffers) counted once.
func Memory(root int) int64 {
	var total int64
	for _, pid := range Tree(root) {
		total += field(pid, "smaps_rollup", "Pss:")
	}
	return total
}

// Resident gives the resident set size of one process in bytes.
func Resident(pid int) int64 { return field(pid, "status", "VmRSS:") }

func field(pid int, file, name string) int64 {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

func all() []stat {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []stat
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, ok := read(pid); ok {
			out = append(out, s)
		}
	}
	return out
}

func read(pid int) (stat, bool) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, false
	}
	s, ok := parse(data)
	s.pid = pid
	return s, ok
}

// parse reads a line of /proc/PID/stat. The second field, the program's name, stands in brackets and may itself hold
// blanks and brackets, so that the fields are counted from the last closing one.
func parse(line []byte) (stat, bool) {
	end := bytes.LastIndexByte(line, ')')
	if end < 0 {
		return stat{}, false
	}
	f := strings.Fields(string(line[end+1:]))
	if len(f) < 15 {
		return stat{}, false
	}
	n := make([]int64, 15)
	for i := 1; i < len(n); i++ {
		n[i], _ = strconv.ParseInt(f[i], 10, 64)
	}
	return stat{parent: int(n[1]), cpu: time.Duration(n[11]+n[12]) * tick, reaped: time.Duration(n[13]+n[14]) * tick}, true
}
