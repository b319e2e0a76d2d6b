package capacity

import (
	"os"
	"strconv"
	"strings"
)

// ticks is how many of /proc/stat's units make a second (USER_HZ, which is 100 on all systems that Go runs on).
const ticks = 100

// MachineCPU is how many seconds of processors the whole machine has used, the database on it included; false where that cannot be told.
func MachineCPU() (seconds float64, ok bool) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	return parseStat(string(raw))
}

// parseStat reads the first line of /proc/stat (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. What is idle or waits
// for a disk is not in use.
func parseStat(text string) (seconds float64, ok bool) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, false
	}
	for i, field := range fields[1:9] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 {
			seconds += float64(n) / ticks
		}
	}
	return seconds, true
}
