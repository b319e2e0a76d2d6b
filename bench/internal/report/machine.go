package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// Machine is what results were taken on.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Commit string `json:"commit"`
	Date   string `json:"date"`
}

// ThisMachine describes the machine that this process runs on and the source tree that it runs in.
func ThisMachine(ctx context.Context) Machine {
	return Machine{
		CPU: procLine("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: procLine("/proc/meminfo", "MemTotal"),
		Kernel: output(ctx, "uname", "-sr"), Go: runtime.Version(), Commit: output(ctx, "git", "describe", "--always", "--dirty"),
		Date: time.Now().UTC().Format(time.DateOnly),
	}
}

// String says it in one line.
func (m Machine) String() string {
	return fmt.Sprintf("%d cores of %s, %s of memory, %s, %s; commit %s, %s", m.Cores, m.CPU, m.Memory, m.Kernel, m.Go, m.Commit, m.Date)
}

// procLine gives the value of the first line of a file under /proc that has a name.
func procLine(file, name string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `\s*:\s*(.*)$`).FindStringSubmatch(string(data))
	if m == nil {
		return "unknown"
	}
	return m[1]
}

func output(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
