package site

import (
	"fmt"
	"strconv"
)

// Ports of what runs in a site.
const (
	portEtcd      = 2379
	portEtcdPeers = 2380
	portPostgres  = 5432
	portPatroni   = 8009
	portNode      = 8008
	portNodes     = 6222
	portStore     = 8333
)

// The drill's network is the one that RFC 2544 sets aside for tests of networks. The clients outside have port 0 of the switch; the sites
// have the others.
const network = "198.18.77."

// address is that of a port of the switch.
func address(port int) string { return network + strconv.Itoa(10+port) }

// at is HOST:PORT of what runs in a site.
func (s *Site) at(port int) string { return fmt.Sprintf("%s:%d", s.Address, port) }

// URL is where clients reach the site's node.
func (s *Site) URL() string { return "http://" + s.at(portNode) }
