package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// installPatience bounds the installation of matrix-js-sdk.
const installPatience = 10 * time.Minute

// Node returns the Node program that the package-lock.json of a folder names, and installs it with all the rest if it is not there: the SDK
// needs a newer one than distributions have.
func Node(t testing.TB, dir string) string {
	t.Helper()
	program, err := installNode(dir)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func installNode(dir string) (program string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	// Tests of several packages want the same folder at the same time.
	lock, err := os.OpenFile(filepath.Join(dir, "package-lock.json"), os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("waiting for another installation: %w", err)
	}
	program = filepath.Join(dir, "node_modules", ".bin", "node")
	there, err := changed(program)
	if err != nil {
		return "", err
	}
	installed, err := changed(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err != nil {
		return "", err
	}
	locked, err := changed(filepath.Join(dir, "package-lock.json"))
	if err != nil || !there.IsZero() && !installed.Before(locked) {
		return program, err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is missing: apt-get install npm nodejs")
	}
	ctx, cancel := context.WithTimeout(context.Background(), installPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("installing matrix-js-sdk: %w\n%s", err, out)
	}
	return program, nil
}

// changed returns when a file was changed, zero if it is not there.
func changed(file string) (time.Time, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
