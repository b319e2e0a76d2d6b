//go:build !unix

package node

import "net"

// hasLeft is not known here: the request of a client that has left ends at its own time.
func hasLeft(net.Conn) bool { return false }
