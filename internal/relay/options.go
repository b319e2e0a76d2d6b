package relay

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Options say how a server relays.
type Options struct {
	// Listen is the address for UDP and TCP, TLSListen that for TLS; one may be empty. A host that is left out stands for all addresses.
	Listen, TLSListen string
	// TLS holds the certificate for TLSListen.
	TLS *tls.Config
	// Public are the addresses by which the world reaches this machine, at most one of each family. Relay addresses are on them.
	Public []netip.Addr
	// MinPort and MaxPort bound the ports of relay addresses.
	MinPort, MaxPort uint16
	// Realm is told to clients, which mix it into what they show instead of the password.
	Realm string
	// Secret is what credentials are made with.
	Secret string
	// PerUser and Total bound the relay addresses of one user and of all.
	PerUser, Total int
	// AllowPrivatePeers lifts the guard over whom can be reached.
	AllowPrivatePeers bool
	// Log hears of what goes wrong.
	Log *slog.Logger

	now func() time.Time // tests let credentials end
}

func (o *Options) check() error {
	if o.Secret == "" {
		return errors.New("a relay needs a secret")
	}
	if len(o.Public) == 0 {
		return errors.New("a relay needs a public address")
	}
	if o.MinPort == 0 || o.MaxPort < o.MinPort {
		return fmt.Errorf("%d to %d are no ports to relay with", o.MinPort, o.MaxPort)
	}
	if len(o.families(o.Listen)) == 0 && len(o.families(o.TLSListen)) == 0 {
		return errors.New("a relay needs an address to listen on, of the family of a public address")
	}
	if o.TLSListen != "" && o.TLS == nil {
		return errors.New("a relay that listens for TLS needs a certificate")
	}
	if o.now == nil {
		o.now = time.Now
	}
	return nil
}

// public is the address of a family, "4" or "6".
func (o *Options) public(family string) (netip.Addr, bool) {
	for _, a := range o.Public {
		if a.Is4() == (family == "4") {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// families are those that there is a public address of, and that an address to listen on has.
func (o *Options) families(listen string) []string {
	if listen == "" {
		return nil
	}
	var fixed netip.Addr // of a host that is an address
	if host, _, err := net.SplitHostPort(listen); err == nil {
		fixed, _ = netip.ParseAddr(host)
	}
	var out []string
	for _, family := range []string{"4", "6"} {
		if _, ok := o.public(family); ok && (!fixed.IsValid() || fixed.Unmap().Is4() == (family == "4")) {
			out = append(out, family)
		}
	}
	return out
}

// relayHost is where relay sockets of a family are bound: where clients are listened to, if that is one address.
func (o *Options) relayHost(family string) string {
	for _, listen := range []string{o.Listen, o.TLSListen} {
		host, _, err := net.SplitHostPort(listen)
		if err == nil && host != "" && slices.Contains(o.families(listen), family) {
			return host
		}
	}
	return ""
}
