//go:build !linux

package e2e

import "syscall"

// dieWithParent has no equal here: a server is stopped by its test's cleanup alone.
func dieWithParent() *syscall.SysProcAttr { return nil }
