package relay

import (
	"net"
	"net/netip"
	"sync"

	"bongsu.org/bongsu/internal/netguard"
)

// maxPeers bounds the peers of one relay address. A call of many devices has some tens.
const maxPeers = 256

// guard decides who can be reached through the relay.
type guard struct {
	*Options

	mu    sync.Mutex
	peers map[string]map[netip.Addr]struct{} // by the client's address
}

// own reports whether an address is one of the relay's.
func (g *guard) own(addr netip.Addr) bool {
	for _, a := range g.Public {
		if a == addr {
			return true
		}
	}
	return false
}

// may reports whether something may be sent to an address.
func (g *guard) may(addr netip.Addr, port uint16) bool {
	addr = addr.Unmap()
	if g.AllowPrivatePeers {
		return true
	}
	if g.own(addr) {
		return port >= g.MinPort && port <= g.MaxPort
	}
	return netguard.Public(addr)
}

// admit decides on a permission for a peer (RFC 8656, 9: "the server MAY impose restrictions on the IP address"). The port is not known yet;
// may looks at it.
func (g *guard) admit(client net.Addr, peer net.IP) bool {
	addr, ok := netip.AddrFromSlice(peer)
	if !ok || !g.may(addr, g.MinPort) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.peers[client.String()]
	_, has := known[addr.Unmap()]
	return has || len(known) < maxPeers
}

func (g *guard) added(client net.Addr, peer net.IP) {
	addr, ok := netip.AddrFromSlice(peer)
	if !ok {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := client.String()
	if g.peers[key] == nil {
		g.peers[key] = map[netip.Addr]struct{}{}
	}
	g.peers[key][addr.Unmap()] = struct{}{}
}

func (g *guard) removed(client net.Addr, peer net.IP) {
	addr, ok := netip.AddrFromSlice(peer)
	if !ok {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := client.String()
	delete(g.peers[key], addr.Unmap())
	if len(g.peers[key]) == 0 {
		delete(g.peers, key)
	}
}
