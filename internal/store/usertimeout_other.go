//go:build !linux

package store

import (
	"syscall"
	"time"
)

// userTimeout does nothing where the system has no TCP_USER_TIMEOUT; keep-alives alone find a dead peer there.
func userTimeout(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
