package config

import (
	"net/netip"
	"os"
	"strings"
)

// BuiltIn reports whether the relay in the program is used.
func (t *TURN) BuiltIn() bool { return t.Listen != "" || t.TLSListen != "" }

func (l *loader) checkRelay() {
	turn := &l.cfg.TURN
	setting := "turn.listen"
	if turn.Listen == "" {
		setting = "turn.tls_listen"
	}
	for name, address := range map[string]string{"turn.listen": turn.Listen, "turn.tls_listen": turn.TLSListen} {
		if address != "" {
			l.checkAddress(name, address)
		}
	}
	if turn.Username != "" || turn.Password != "" {
		l.wrong(setting, "the built-in relay takes credentials that end by themselves: leave turn.username and turn.password out")
	}
	if len(turn.PublicAddresses) == 0 {
		l.wrong(setting, "the built-in relay needs turn.public_addresses")
	}
	l.checkRelayAddresses()
	if strings.ContainsAny(turn.PublicHost, "/:@? ") {
		l.wrong("turn.public_host", "%q is not the name of a host", turn.PublicHost)
	}
	if turn.TLSListen == "" {
		return
	}
	for name, file := range map[string]string{"turn.tls_certificate": turn.TLSCertificate, "turn.tls_key": turn.TLSKey} {
		if file == "" {
			l.wrong("turn.tls_listen", "it needs %s, too", name)
		} else if _, err := os.Stat(file); err != nil {
			l.wrong(name, "%v", err)
		}
	}
}

func (l *loader) checkRelayAddresses() {
	families := map[bool]bool{}
	for _, text := range l.cfg.TURN.PublicAddresses {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" || addr.Is4In6() || addr.IsUnspecified() {
			l.wrong("turn.public_addresses", "%q is not an IP address that clients can reach", text)
			continue
		}
		if families[addr.Is4()] {
			l.wrong("turn.public_addresses", "%q is the second address of its family; allowed: one of IPv4 and one of IPv6", text)
		}
		families[addr.Is4()] = true
	}
}
