package store

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout makes a net.Dialer.Control that bounds how long sent data may stay unacknowledged (RFC 5482).
func userTimeout(d time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(network, _ string, c syscall.RawConn) error {
		if network == "unix" {
			return nil
		}
		var err error
		ctlErr := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
		})
		if ctlErr != nil {
			return ctlErr
		}
		return err
	}
}
