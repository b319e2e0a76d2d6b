package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// program is the server's binary, built at first use. Process-wide: a build costs seconds and is the same for every test.
var program struct {
	once sync.Once
	dir  string
	err  error
}

// Program returns the path of the server's binary, building it if this process has not yet. BONGSU_E2E_PROGRAM names one
// that is built already.
func Program() (string, error) {
	if path := os.Getenv("BONGSU_E2E_PROGRAM"); path != "" {
		return path, nil
	}
	program.once.Do(func() {
		program.dir, program.err = os.MkdirTemp("", "bongsu-e2e-")
		if program.err != nil {
			return
		}
		args := append([]string{"build"}, raceFlags...)
		cmd := exec.Command("go", append(args, "-o", filepath.Join(program.dir, "bongsu"), "bongsu.org/bongsu/cmd/bongsu")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("building the server: %w\n%s", err, out)
		}
	})
	return filepath.Join(program.dir, "bongsu"), program.err
}

// removeProgram deletes what Program built.
func removeProgram() {
	if program.dir != "" {
		_ = os.RemoveAll(program.dir)
	}
}

// starts carries processes to one goroutine that owns its thread for ever: the kernel sends a child its death signal when
// the *thread* that started it ends, and only a locked thread is sure to live as long as the process.
var starts = sync.OnceValue(func() chan<- startRequest {
	requests := make(chan startRequest)
	go func() {
		runtime.LockOSThread()
		for r := range requests {
			r.done <- r.cmd.Start()
		}
	}()
	return requests
})

type startRequest struct {
	cmd  *exec.Cmd
	done chan error
}

// startBound starts a process that cannot outlive this one.
func startBound(cmd *exec.Cmd) error {
	cmd.SysProcAttr = dieWithParent()
	r := startRequest{cmd, make(chan error)}
	starts() <- r
	return <-r.done
}
