package site

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// place puts a program where the sites' user can reach it: it may come from a folder of somebody's own.
func place(program, dir string) (string, error) {
	to := filepath.Join(dir, filepath.Base(program))
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
