package drill

import (
	"os"
	"runtime"
	"strings"
	"time"

	"bongsu.org/bongsu/drill/report"
)

func newReport(o *Options) *report.Report {
	r := &report.Report{
		Seed: o.Seed, Start: time.Now().UTC(), Version: o.Version, Delay: o.Delay, DelayBy: "a switch in user space",
		Outside: o.Outside, Inside: sites * o.Inside, Rooms: rooms,
		Machine: report.Machine{CPUs: runtime.NumCPU(), Kernel: kernel(), LoadBefore: loadAverage()},
	}
	for i := range sites {
		r.Sites = append(r.Sites, string(rune('a'+i)))
	}
	return r
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}
