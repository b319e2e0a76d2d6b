package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stopWithin is how long a process may take to end in order.
const stopWithin = 20 * time.Second

// Freeze stops every process of that name in the site, as SIGSTOP does: its connections stay open, and nobody answers. Postgres is the
// database with all its processes.
func (s *Site) Freeze(name string) error { return s.signalAll(name, syscall.SIGSTOP) }

// Thaw lets frozen processes go on.
func (s *Site) Thaw(name string) error { return s.signalAll(name, syscall.SIGCONT) }

func (s *Site) signalAll(name string, sig syscall.Signal) error {
	pids, err := s.pids(name)
	if err != nil {
		return err
	}
	if len(pids) == 0 && sig == syscall.SIGSTOP {
		return fmt.Errorf("no process %s runs in site %s", name, s.Name)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) { // one that has ended needs no signal
			return err
		}
	}
	return nil
}

// pids are the site's processes of a name: those that share the namespace of its first.
func (s *Site) pids(name string) ([]int, error) {
	s.mu.Lock()
	ns := s.ns
	s.mu.Unlock()
	if ns == nil {
		return nil, nil
	}
	mine, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", ns.first.Process.Pid))
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, path := range found {
		dir := filepath.Dir(path)
		if other, err := os.Readlink(filepath.Join(dir, "ns/pid")); err != nil || other != mine {
			continue // another's, or it has just ended
		}
		if comm, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(comm)) != name {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func (s *Site) ballast() string { return filepath.Join(s.disk(), "ballast") }

// FillDisk takes all that is free of the site's disk.
func (s *Site) FillDisk() error {
	return s.inside(func() error {
		f, err := os.Create(s.ballast())
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // nothing is written to it
		var st unix.Statfs_t
		if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
			return err
		}
		at, step := int64(0), int64(st.Bavail)*st.Bsize
		for step >= 4096 { // the file system needs some of it for itself
			if err := unix.Fallocate(int(f.Fd()), 0, at, step); err != nil {
				step /= 2
				continue
			}
			at += step
		}
		return nil
	})
}

// FreeDisk gives back what FillDisk took.
func (s *Site) FreeDisk() error {
	return s.inside(func() error { return os.Remove(s.ballast()) })
}

func (s *Site) inside(fn func() error) error {
	s.mu.Lock()
	ns := s.ns
	s.mu.Unlock()
	if ns == nil {
		return fmt.Errorf("site %s is down", s.Name)
	}
	return ns.inside(fn)
}

// Restart ends the site's processes in order, the node first, and starts them again.
func (s *Site) Restart() error {
	for _, name := range slices.Backward(startOrder) {
		s.StopProcess(name, stopWithin)
	}
	for _, name := range startOrder {
		if err := s.StartProcess(name); err != nil {
			return err
		}
	}
	return nil
}
