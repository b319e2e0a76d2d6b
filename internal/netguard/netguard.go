// Package netguard keeps outgoing connections away from addresses that are not on the public Internet.
//
// A server that fetches what users name (link previews, push gateways, other homeservers) could be led to reach its own
// network. The guard looks at the address of each connection after name resolution and just before connect(2), so that
// redirects, DNS rebinding and unusual spellings of an address make no difference. Proxies from the environment are never used by
// the clients made here, since a proxy would resolve and connect out of the guard's sight.
package netguard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrRefused is wrapped by the error of a connection that the guard did not allow.
var ErrRefused = errors.New("address is not on the public Internet")

// refused lists what Addr.IsPrivate and its like do not cover (IANA special-purpose address registries).
var refused = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),    // IETF protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relay anycast
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("::/96"),           // unspecified, loopback, IPv4-compatible
	netip.MustParsePrefix("64:ff9b:1::/48"),  // local-use NAT64
	netip.MustParsePrefix("100::/64"),        // discard
	netip.MustParsePrefix("2001::/23"),       // IETF protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("3fff::/20"),       // documentation
	netip.MustParsePrefix("5f00::/16"),       // segment routing
	netip.MustParsePrefix("fec0::/10"),       // site-local, deprecated
}

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixToIV = netip.MustParsePrefix("2002::/16")
)

// Public reports whether addr is a unicast address on the public Internet. Addresses that carry an IPv4 address (mapped, NAT64,
// 6to4) are judged by it.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return false
	}
	if inner, ok := embedded(addr); ok {
		return Public(inner)
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, p := range refused {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// embedded gives the IPv4 address inside a NAT64 or 6to4 address.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case addr.Is4():
		return netip.Addr{}, false
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToIV.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// Options says how a client reaches other servers.
type Options struct {
	AllowPrivate bool           // no guard: everything may be reached
	RootCAs      *x509.CertPool // nil: the system's
	Resolver     *net.Resolver  // nil: the system's
	Timeout      time.Duration  // of connecting, and of the TLS handshake; 0: ten seconds
}

// Dialer makes a dialer that connects to public addresses only, unless o.AllowPrivate.
func Dialer(o Options) *net.Dialer {
	d := &net.Dialer{Timeout: o.timeout(), KeepAlive: 30 * time.Second, Resolver: o.Resolver}
	if !o.AllowPrivate {
		d.ControlContext = control
	}
	return d
}

// Transport makes an HTTP transport over a guarded dialer.
func Transport(o Options) *http.Transport {
	return &http.Transport{
		DialContext:            Dialer(o).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.timeout(),
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return 10 * time.Second
}

// control is called with the address that is about to be connected to.
func control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") && !strings.HasPrefix(network, "udp") {
		return fmt.Errorf("network %q: %w", network, ErrRefused)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !Public(ap.Addr()) {
		return fmt.Errorf("%s: %w", address, ErrRefused)
	}
	return nil
}
