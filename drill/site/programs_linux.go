package site

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// place puts a program where the sites' user can reach it, since it may come from a folder of somebody's own, and under the name by which
// its processes are found.
func place(program, dir, name string) (string, error) {
	to := filepath.Join(dir, name)
	if err := os.Link(program, to); err == nil {
		return to, nil
	}
	in, err := os.Open(program)
	if err != nil {
		return "", fmt.Errorf("copying %s: %w", program, err)
	}
	defer func() { _ = in.Close() }()                                     // only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755) //nolint:gosec // the sites' user runs it
	if err != nil {
		return "", fmt.Errorf("copying %s: %w", program, err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("copying %s: %w", program, err)
	}
	return to, nil
}
