package site

import (
	"context"
	_ "embed" // the library's source
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed shim/shim.c.txt
var shimSource []byte

// buildShim compiles the library that makes a process's disk slow and its clock wrong.
func buildShim(ctx context.Context, dir string) (string, error) {
	source, lib := filepath.Join(dir, "shim.c"), filepath.Join(dir, "shim.so")
	if err := os.WriteFile(source, shimSource, 0o644); err != nil { //nolint:gosec // other users load it
		return "", err
	}
	out, err := exec.CommandContext(ctx, "cc", "-shared", "-fPIC", "-O2", "-o", lib, source, "-ldl").CombinedOutput() //nolint:gosec // the drill's own files
	if err != nil {
		return "", fmt.Errorf("compiling the library for slow disks and wrong clocks: %s: %w", out, err)
	}
	return lib, nil
}

func (s *Site) dials() string { return filepath.Join(s.Folder, "dials") }

func (s *Site) newDials() error {
	return os.WriteFile(s.dials(), make([]byte, 16), 0o644) //nolint:gosec // other users read it
}

func (c *Cluster) shims(s *Site) []string {
	return []string{"LD_PRELOAD=" + c.shim, "BONGSU_DRILL_DIALS=" + s.dials()}
}

// SlowDisk makes PostgreSQL wait before each write reaches the disk. 0 ends it.
func (s *Site) SlowDisk(delay time.Duration) error { return s.turn(0, delay.Microseconds()) }

// ShiftClock sets the clock of PostgreSQL and Patroni wrong by so much. Go programs (etcd, the node) ask the kernel without a library:
// their clocks stay right.
func (s *Site) ShiftClock(by time.Duration) error { return s.turn(8, int64(by.Seconds())) }

// turn writes one of the numbers that the library reads.
func (s *Site) turn(at, value int64) error {
	f, err := os.OpenFile(s.dials(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // a failed write is seen
	_, err = f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(value)), at)
	return err
}
