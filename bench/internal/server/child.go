// Package server builds and starts the servers that are measured, each in a temporary folder and on a loopback port, and
// stops them again.
//
// Invariants: a server listens on 127.0.0.1 alone; every process started here dies with the process that started it, even
// when that is killed; PostgreSQL runs with its durable defaults (fsync and synchronous_commit on).
package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to stop before it is killed.
const stopTimeout = 20 * time.Second

// child is a running process with its log file.
type child struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
	err    error // valid when exited is closed
}

// spawn starts a command, its output in a file. The kernel kills the process when the thread that started it ends, so
// that thread is kept for as long as the process runs.
func spawn(cmd *exec.Cmd, log string) (*child, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("making a log file: %w", err)
	}
	defer func() { _ = out.Close() }()
	cmd.Stdout, cmd.Stderr = out, out
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	c := &child{cmd: cmd, log: log, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(cmd.Path), err)
	}
	return c, nil
}

// stop ends the process with a signal, or by force when it does not heed it.
func (c *child) stop(sig syscall.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", filepath.Base(c.cmd.Path), err)
	}
	select {
	case <-c.exited:
		return nil
	case <-time.After(stopTimeout):
		_ = c.cmd.Process.Kill()
		<-c.exited
		return fmt.Errorf("%s did not stop within %v and was killed", filepath.Base(c.cmd.Path), stopTimeout)
	}
}

// tail gives the end of the log, for error messages.
func (c *child) tail() string {
	data, _ := os.ReadFile(c.log)
	return string(data[max(0, len(data)-2000):])
}
