//go:build unix

package node

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// hasLeft tells whether the other end has closed the connection, without reading from it and without waiting.
func hasLeft(c net.Conn) bool {
	secured, isTLS := c.(*tls.Conn)
	if isTLS {
		c = secured.NetConn()
	}
	if l, ok := c.(*limitedConn); ok {
		c = l.Conn
	}
	open, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := open.SyscallConn()
	if err != nil {
		return true
	}
	var next [1]byte
	left := false
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == nil:
			left = n == 0 || isTLS && hungUp(fd) // a farewell of TLS is there to be read before the end is
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		default:
			left = true
		}
		return true // in either case: it is not to wait
	})
	return left || err != nil
}
