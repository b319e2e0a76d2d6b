package relay

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/turn/v5"
)

var (
	errNoTCP    = errors.New("TCP is not relayed to peers")
	errNoFamily = errors.New("there is no public address of that family")
	errNoPort   = errors.New("no relay port is free")
	errTooMany  = errors.New("too many relay addresses")
)

// portTries bounds how many ports are tried at random.
const portTries = 32

// addresses makes relay addresses. It implements turn.RelayAddressGenerator.
type addresses struct {
	*Options
	guard  *guard
	places *places
	count  *counters
}

var _ turn.RelayAddressGenerator = (*addresses)(nil)

// Validate implements turn.RelayAddressGenerator; options were checked before.
func (a *addresses) Validate() error { return nil }

// AllocatePacketConn implements turn.RelayAddressGenerator. It is called without a user when pion looks for a free pair of ports.
func (a *addresses) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	public, ok := a.public(strings.TrimPrefix(c.Network, "udp"))
	if !ok {
		return nil, nil, errNoFamily
	}
	leave := func() {}
	if c.UserID != "" {
		if leave, ok = a.places.take(c.UserID); !ok {
			return nil, nil, errTooMany
		}
	}
	conn, err := a.bind(c.Network, c.RequestedPort)
	if err != nil {
		leave()
		return nil, nil, err
	}
	relayed := &relayConn{PacketConn: conn, guard: a.guard, count: a.count, leave: sync.OnceFunc(leave)}
	return relayed, &net.UDPAddr{IP: public.AsSlice(), Port: conn.LocalAddr().(*net.UDPAddr).Port}, nil //nolint:forcetypeassert // a UDP socket's
}

// AllocateListener implements turn.RelayAddressGenerator.
func (a *addresses) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

// AllocateConn implements turn.RelayAddressGenerator.
func (a *addresses) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// bind opens the wanted port, or one that is free.
func (a *addresses) bind(network string, wanted int) (net.PacketConn, error) {
	if wanted != 0 {
		if wanted < int(a.MinPort) || wanted > int(a.MaxPort) {
			return nil, errNoPort
		}
		return a.open(network, wanted)
	}
	span := int(a.MaxPort) - int(a.MinPort) + 1
	first := rand.IntN(span) //nolint:gosec // ports are no secret
	for i := range min(span, portTries) {
		conn, err := a.open(network, int(a.MinPort)+(first+i)%span)
		if err == nil {
			return conn, nil
		}
	}
	return nil, errNoPort
}

func (a *addresses) open(network string, port int) (net.PacketConn, error) {
	conn, err := net.ListenPacket(network, net.JoinHostPort(a.relayHost(strings.TrimPrefix(network, "udp")), strconv.Itoa(port))) //nolint:noctx // binding does not wait
	if err != nil {
		return nil, fmt.Errorf("opening a relay port: %w", err)
	}
	return conn, nil
}

// relayConn is the socket of one relay address. It sends only where the guard lets it, and counts.
type relayConn struct {
	net.PacketConn
	guard *guard
	count *counters
	leave func()
}

// WriteTo implements net.PacketConn.
func (c *relayConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	if to := addrPort(addr); !c.guard.may(to.Addr(), to.Port()) {
		c.count.refusedPeers.Add(1)
		return len(p), nil // lost, as any datagram may be
	}
	n, err := c.PacketConn.WriteTo(p, addr)
	c.count.sent.Add(uint64(max(n, 0)))
	return n, err
}

// ReadFrom implements net.PacketConn.
func (c *relayConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, addr, err := c.PacketConn.ReadFrom(p)
	c.count.received.Add(uint64(max(n, 0)))
	return n, addr, err
}

// Close implements net.PacketConn.
func (c *relayConn) Close() error {
	c.leave()
	return c.PacketConn.Close()
}

func addrPort(addr net.Addr) netip.AddrPort {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return udp.AddrPort()
}
